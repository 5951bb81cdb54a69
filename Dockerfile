# The image carries the very jar that the build tested:
#
#   mvn verify && docker build -t segmeter .
#
# BASE is any image with a Java 25 runtime, the C++ runtime library and a shell:
#   docker build --build-arg BASE=registry.example/java:25 -t segmeter .
ARG BASE=eclipse-temurin:25-jre

FROM ${BASE} AS layers
WORKDIR /build
COPY target/segmeter.jar segmeter.jar
# Libraries change seldom and the application often: each becomes a layer of its own.
# The embedded PostgreSQL refuses a user that /etc/passwd does not know.
RUN java -Djarmode=tools -jar segmeter.jar extract --layers --destination layers \
    && mkdir -p -m 700 /build/state/data && mkdir /build/etc && cp /etc/passwd /etc/group /build/etc/ \
    && echo 'segmeter:x:10001:10001:Segmeter:/var/lib/segmeter:/usr/sbin/nologin' >> /build/etc/passwd \
    && echo 'segmeter:x:10001:' >> /build/etc/group

# The service is started once and used, and what the virtual machine loads, links and finds worth compiling is recorded (its AOT cache), by the
# same options as below. It holds for this Java, these files and this kind of heap only; otherwise the service says so in a line and starts without.
FROM ${BASE} AS recording
COPY --from=layers /build/etc/ /etc/
COPY --from=layers /build/layers/dependencies/ /opt/segmeter/
COPY --from=layers /build/layers/spring-boot-loader/ /opt/segmeter/
COPY --from=layers /build/layers/snapshot-dependencies/ /opt/segmeter/
COPY --from=layers /build/layers/application/ /opt/segmeter/
COPY --from=layers --chown=10001:10001 /build/state/ /recording/
USER 10001:10001
WORKDIR /recording
RUN java --enable-native-access=ALL-UNNAMED -XX:+UseTransparentHugePages -XX:+UseG1GC -Dfile.encoding=UTF-8 \
        -XX:AOTCacheOutput=/recording/segmeter.aot -jar /opt/segmeter/segmeter.jar rehearse --service >/tmp/rehearsal.log 2>&1 \
        && [ -s segmeter.aot ] \
    || { echo "nothing was recorded: the image works, and starts more slowly"; tail -20 /tmp/rehearsal.log; : >segmeter.aot; }

FROM ${BASE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Segmeter" \
      org.opencontainers.image.description="Scores 3D medical segmentations: DICOM SEG or NIfTI in, metrics with their convention out." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

COPY --from=layers /build/etc/ /etc/
COPY LICENSE /opt/segmeter/LICENSE
COPY --from=layers /build/layers/dependencies/ /opt/segmeter/
COPY --from=layers /build/layers/spring-boot-loader/ /opt/segmeter/
COPY --from=layers /build/layers/snapshot-dependencies/ /opt/segmeter/
COPY --from=layers /build/layers/application/ /opt/segmeter/
COPY --from=recording /recording/segmeter.aot /opt/segmeter/segmeter.aot
# No RUN in this stage, so that a base without a shell will do.
COPY --from=layers --chown=10001:10001 /build/state/ /var/lib/segmeter/

# A number, because Kubernetes cannot tell from a name whether it is root.
USER 10001:10001
# The service keeps everything under ./data; /tmp is the only other place it writes to.
WORKDIR /var/lib/segmeter
VOLUME ["/var/lib/segmeter/data"]

# Inside a container the loopback address reaches nobody; publish the port on an address of your choice.
ENV SERVER_ADDRESS=0.0.0.0 \
    SERVER_PORT=8080
EXPOSE 8080

STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=90s --retries=3 \
    CMD ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx32m", "-jar", "/opt/segmeter/segmeter.jar", "healthcheck"]

# More options for the virtual machine: the environment variable JDK_JAVA_OPTIONS.
ENTRYPOINT ["java", \
    "--enable-native-access=ALL-UNNAMED", \
    "-XX:MaxRAMPercentage=65", \
    "-XX:+UseTransparentHugePages", \
    "-XX:+ExitOnOutOfMemoryError", \
    "-XX:+UseG1GC", \
    "-XX:AOTCache=/opt/segmeter/segmeter.aot", "-Xlog:aot*=off,cds*=off", \
    "-Dfile.encoding=UTF-8", \
    "-jar", "/opt/segmeter/segmeter.jar"]
