package org.segmeter.telemetry;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.info.BuildProperties;
import org.springframework.boot.info.GitProperties;
import org.springframework.stereotype.Component;

/** {@code segmeter_build_info}: which build runs. */
@Component
final class BuildMetrics implements MeterBinder {

    private final String version;
    private final String revision;

    BuildMetrics(ObjectProvider<BuildProperties> build, ObjectProvider<GitProperties> git) {
        BuildProperties buildProperties = build.getIfAvailable();
        GitProperties gitProperties = git.getIfAvailable();
        String knownVersion = buildProperties == null ? null : buildProperties.getVersion();
        String knownRevision = gitProperties == null ? null : gitProperties.getShortCommitId();
        this.version = knownVersion == null ? "unknown" : knownVersion;
        this.revision = knownRevision == null ? "unknown" : knownRevision;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("segmeter.build.info", () -> 1)
                .description("Which build runs; always 1")
                .tag("version", version)
                .tag("revision", revision)
                .tag("java", Runtime.version().feature() + "")
                .register(registry);
    }
}
