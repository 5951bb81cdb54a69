package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Backlog;
import org.segmeter.evaluation.ControlledEngine;
import org.segmeter.format.dicom.SegFixture;
import org.segmeter.security.ApiKeys;
import org.segmeter.security.RecordRepository;
import org.segmeter.security.Role;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.config.ScheduledTask;
import org.springframework.scheduling.config.ScheduledTaskHolder;
import tools.jackson.databind.JsonNode;

/**
 * The service as a hospital runs it: over TLS with a login, with certificates of clients, limits of what a key and a tenant may take, and
 * names of patients that only those see who may.
 */
class GuardedServiceTest {

    private static final String FIRST_KEY = "the-first-key-of-this-installation-0123456789";
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final String FORM = "multipart/form-data; boundary=segmeter-test-boundary";
    private static final String STOW = "multipart/related; type=\"application/dicom\"; boundary=b1";
    private static final long BYTES_PER_MINUTE = 2 << 20;

    /** Evaluations that may wait of one key and one tenant: shares of the queue. */
    private static final int OF_KEY = 20;

    private static final int OF_TENANT = 22;

    @TempDir
    private static Path directory;

    private static Path served;
    private static Service service;
    private static Contract contract;
    private static SSLContext plain;
    private static HttpClient http;
    private static RecordRepository repository;
    private static Path repositoryToken;

    @BeforeAll
    static void start() throws Exception {
        Path made = directory.resolve("made.p12");
        keys(made, "ca", "-dname", "CN=Test CA", "-ext", "bc:c");
        for (String server : List.of("server", "next")) {
            keys(made, server, "-dname", "CN=" + server, "-signer", "ca", "-ext", "san=dns:localhost,ip:127.0.0.1");
        }
        keys(made, "pacs", "-dname", "CN=PACS", "-signer", "ca", "-ext", "san=dns:pacs.example");
        keys(made, "guest", "-dname", "CN=pacs.example", "-signer", "ca", "-ext", "san=dns:guest.example");
        keys(
                made,
                "old",
                "-dname",
                "CN=PACS",
                "-signer",
                "ca",
                "-ext",
                "san=dns:pacs.example",
                "-startdate",
                "-9d",
                "-validity",
                "8");
        keys(made, "stranger", "-dname", "CN=PACS", "-ext", "san=dns:pacs.example");
        served = Files.createDirectory(directory.resolve("tls"));
        serve(made, "server");
        write(served.resolve("trust.p12"), store -> store.setCertificateEntry("ca", certificate(made, "ca")));
        plain = context(made, null);
        http = client(plain);
        write(served.resolve("client.p12"), store -> entry(store, made, "pacs"));
        repository = new RecordRepository(context(made, "next"));
        repositoryToken = Files.writeString(directory.resolve("repository.token"), "first-token\n");
        contract = Contract.of(Contract.document());
        service = Service.start(
                directory.resolve("data"),
                "--server.ssl.bundle=web",
                "--server.ssl.client-auth=want",
                "--spring.ssl.bundle.jks.web.keystore.location=file:" + served.resolve("key.p12"),
                "--spring.ssl.bundle.jks.web.keystore.password=changeit",
                "--spring.ssl.bundle.jks.web.truststore.location=file:" + served.resolve("trust.p12"),
                "--spring.ssl.bundle.jks.web.truststore.password=changeit",
                "--spring.ssl.bundle.jks.web.reload-on-update=true",
                "--spring.ssl.bundle.watch.file.quiet-period=100ms",
                "--segmeter.security.api-key=" + FIRST_KEY,
                "--segmeter.security.audit-repository.url=" + repository.url(),
                "--segmeter.security.audit-repository.token-file=" + repositoryToken,
                "--segmeter.security.audit-repository.ssl-bundle=audit",
                "--spring.ssl.bundle.jks.audit.keystore.location=file:" + served.resolve("client.p12"),
                "--spring.ssl.bundle.jks.audit.keystore.password=changeit",
                "--spring.ssl.bundle.jks.audit.truststore.location=file:" + served.resolve("trust.p12"),
                "--spring.ssl.bundle.jks.audit.truststore.password=changeit",
                "--segmeter.security.certificates.pacs.name=pacs.example",
                "--segmeter.security.certificates.pacs.roles=submit",
                "--segmeter.security.certificates.pacs.tenant=north",
                "--segmeter.security.bytes-per-minute=" + BYTES_PER_MINUTE + "B",
                "--segmeter.security.uploads-per-key=2",
                "--segmeter.security.uploads-per-tenant=3",
                "--segmeter.security.queue-share=0.5",
                "--segmeter.security.queue-share-of-key=0.45",
                "--segmeter.queue-limit=44",
                "--segmeter.upload.max-parts=8");
    }

    @AfterAll
    static void stop() {
        service.stop();
        repository.close();
    }

    // Keys and certificates, made by the JDK's keytool.

    private static void keys(Path store, String alias, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1",
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                "changeit"));
        command.addAll(List.of(more));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
    }

    private static KeyStore load(Path path) throws Exception {
        return KeyStore.getInstance(path.toFile(), PASSWORD);
    }

    private static Certificate certificate(Path made, String alias) throws Exception {
        return load(made).getCertificate(alias);
    }

    private interface Fill {
        void fill(KeyStore store) throws Exception;
    }

    /** Whole, or not at all. */
    private static void write(Path path, Fill fill) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, PASSWORD);
        fill.fill(store);
        Path half = directory.resolve("half.p12");
        try (OutputStream out = Files.newOutputStream(half)) {
            store.store(out, PASSWORD);
        }
        Files.move(half, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void entry(KeyStore store, Path made, String alias) throws Exception {
        KeyStore from = load(made);
        store.setKeyEntry(alias, from.getKey(alias, PASSWORD), PASSWORD, from.getCertificateChain(alias));
    }

    /** What the service shows from now on, or from when it has noticed. */
    private static void serve(Path made, String alias) throws Exception {
        write(served.resolve("key.p12"), store -> entry(store, made, alias));
    }

    /** @param alias certificate of the client; null for none */
    private static SSLContext context(Path made, @Nullable String alias) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, PASSWORD);
        trusted.setCertificateEntry("ca", certificate(made, "ca"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyManagerFactory key = KeyManagerFactory.getInstance("PKIX");
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, PASSWORD);
        if (alias != null) {
            entry(own, made, alias);
        }
        key.init(own, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(key.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static HttpClient client(SSLContext context) {
        return HttpClient.newBuilder().sslContext(context).build();
    }

    // Requests.

    private record Answer(int status, java.net.http.HttpHeaders headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        JsonNode json() {
            return Api.JSON.readTree(text());
        }

        String header(String name) {
            return headers.firstValue(name).orElse("");
        }

        Answer expect(int expected) {
            assertThat(status).as(text()).isEqualTo(expected);
            return this;
        }

        String problem() {
            return json().path("type").asString().replace("/problems/", "");
        }
    }

    private static Answer send(@Nullable String key, String method, String path, String... headers) throws Exception {
        return send(http, key, method, path, new byte[0], headers);
    }

    private static Answer send(
            HttpClient client, @Nullable String key, String method, String path, byte[] body, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("https://localhost:" + service.port() + path))
                .timeout(Duration.ofSeconds(60))
                .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        if (key != null) {
            request.setHeader("Authorization", "Bearer " + key);
        }
        HttpResponse<byte[]> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        Map<String, List<String>> lower = new java.util.LinkedHashMap<>();
        answer.headers().map().forEach((name, values) -> lower.put(name.toLowerCase(java.util.Locale.ROOT), values));
        Map<String, String> sent = new java.util.LinkedHashMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            sent.put(headers[i], headers[i + 1]);
        }
        if (path.startsWith("/api/v1/erasures") || path.startsWith("/dicom-web/")) {
            assertThat(contract.objections(
                            new Contract.Exchange(
                                    method,
                                    URI.create("https://localhost" + path),
                                    sent,
                                    body.length == 0 ? null : new String(body, StandardCharsets.ISO_8859_1),
                                    answer.statusCode(),
                                    lower,
                                    answer.body()),
                            false))
                    .as("%s %s: %d", method, path, answer.statusCode())
                    .isEmpty();
        }
        return new Answer(answer.statusCode(), answer.headers(), answer.body());
    }

    private static Answer json(String key, String path, String body) throws Exception {
        return send(http, key, "POST", path, body.getBytes(StandardCharsets.UTF_8), "Content-Type", "application/json");
    }

    private static Answer submit(String key, String request, String... headers) throws Exception {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(List.of("Content-Type", FORM));
        return send(http, key, "POST", "/api/v1/evaluations", Api.form(Api.pair(request)), all.toArray(String[]::new));
    }

    private static Answer store(String key, byte[]... instances) throws Exception {
        return send(http, key, "POST", "/dicom-web/studies", DicomWeb.body("b1", instances), "Content-Type", STOW);
    }

    private static String key(String tenant, Role... roles) {
        try (Tenant.Binding ignored = Tenant.bind(tenant)) {
            return service.bean(ApiKeys.class)
                    .create("of the test", EnumSet.copyOf(Arrays.asList(roles)), null)
                    .token();
        }
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.sleep(20);
        }
    }

    // Monitoring.

    @Test
    void whatTheAlertsAndTheDashboardAskForIsThereForAllTenantsAndEveryPanelHasData() throws Exception {
        submit(FIRST_KEY, "", "Prefer", "wait=30").expect(200);
        byte[] unreadable = Api.form(List.of(
                Api.Part.bytes("prediction", new byte[] {1, 2, 3}), Api.Part.bytes("reference", new byte[] {4, 5})));
        send(http, FIRST_KEY, "POST", "/api/v1/evaluations", unreadable, "Content-Type", FORM, "Prefer", "wait=30")
                .expect(422);
        send("nobody's key", "GET", "/api/v1/evaluations").expect(401);
        submit(key("south", Role.SUBMIT), "{\"labels\":{\"test\":\"block\"}}").expect(202);
        System.gc();
        UUID alert = UUID.randomUUID();
        JdbcClient sql = service.bean(JdbcClient.class);
        sql.sql("""
            insert into alert (id, model, structure, metric, parameters, rule, evaluation_id, at, value, centre, sigma)
            values (?, 'liver-net', 'liver', 'dice', '{}', 1, ?, now(), 0.1, 0.9, 0.01)\
            """).params(alert, alert).update();
        try {
            // Whoever reads the metrics is of the tenant default, and the evaluation is of another.
            await(
                    "the evaluation of another tenant",
                    () -> running(sql, "south") == 1
                            && metrics().contains("segmeter_jobs{state=\"running\"} " + running(sql, "%") + ".0\n"));
            await(
                    "the drift",
                    () -> metrics().contains("segmeter_drift_alarm{metric=\"dice\",model=\"liver-net\"} 1.0\n"));
            await("the canary", () -> metrics().contains("segmeter_canary_success 1.0\n"));
            await("a pause", () -> metrics().contains("jvm_gc_pause_seconds_sum{"));
            String page = metrics();
            assertThat(page)
                    .containsPattern("segmeter_auth_failures_total\\{reason=\"wrong_credentials\"} [1-9]")
                    .contains("ssl_chain_expiry_seconds{bundle=\"web\"")
                    .contains("segmeter_http_request_duration_seconds_bucket");
            Monitoring monitoring = new Monitoring(page);
            List<Monitoring.Query> queries = new ArrayList<>(Monitoring.panels());
            queries.addAll(Monitoring.rules());
            assertThat(queries)
                    .hasSizeGreaterThan(60)
                    .allSatisfy(query -> assertThat(monitoring.missing(query))
                            .as("%s: %s", query.panel(), query.expression())
                            .isEmpty());
            assertThat(monitoring.missing(new Monitoring.Query(
                            "of nothing", "sum by (nobody) (rate(segmeter_nothing_total[5m]))", "{{nobody}}")))
                    .hasSize(2);
            assertThat(Monitoring.emptyPanels(page, directory)).isEmpty();
        } finally {
            sql.sql("delete from alert where id = ?").param(alert).update();
            service.bean(ControlledEngine.class).open();
        }
    }

    private static long running(JdbcClient sql, String tenant) {
        return sql.sql("select count(*) from evaluation where state = 'RUNNING' and tenant like ?")
                .param(tenant)
                .query(Long.class)
                .single();
    }

    private static String metrics() throws Exception {
        return send(FIRST_KEY, "GET", "/actuator/prometheus").expect(200).text();
    }

    // TLS.

    @Test
    void overTlsBrowsersAreToldToStayWithIt() throws Exception {
        Answer page = send(null, "GET", "/login.html").expect(200);
        assertThat(page.header("Strict-Transport-Security")).matches("max-age=\\d{8,}; includeSubDomains");
        try (SSLSocket socket = (SSLSocket) plain.getSocketFactory().createSocket("localhost", service.port())) {
            socket.setEnabledProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
            socket.startHandshake();
            assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
        }
        suitesWithoutAuthenticatedEncryptionAreNotOffered();
        for (String old : List.of("TLSv1", "TLSv1.1")) {
            try (SSLSocket socket = (SSLSocket) plain.getSocketFactory().createSocket("localhost", service.port())) {
                socket.setEnabledProtocols(new String[] {old});
                assertThatThrownBy(socket::startHandshake).as(old).isInstanceOf(IOException.class);
            }
        }
    }

    private static void suitesWithoutAuthenticatedEncryptionAreNotOffered() throws IOException {
        for (String suite : List.of(
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA")) {
            try (SSLSocket socket = (SSLSocket) plain.getSocketFactory().createSocket("localhost", service.port())) {
                socket.setEnabledProtocols(new String[] {"TLSv1.2"});
                socket.setEnabledCipherSuites(new String[] {suite});
                if (suite.contains("GCM")) {
                    socket.startHandshake();
                } else {
                    assertThatThrownBy(socket::startHandshake).as(suite).isInstanceOf(IOException.class);
                }
            }
        }
    }

    @Test
    void whoSpeaksWithoutTlsLearnsNothing() throws Exception {
        try (Socket socket = new Socket("localhost", service.port())) {
            socket.getOutputStream()
                    .write("GET /api/v1/evaluations HTTP/1.1\r\nHost: localhost\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(answer).doesNotContain("Exception", "Tomcat", "org.", "200");
        }
    }

    @Test
    void aKeyIsExchangedForASessionThatNoOtherSiteCanUse() throws Exception {
        String key = key("north", Role.READ, Role.REVIEW);
        Answer begun = json(key, "/api/v1/session", "{\"key\":\"" + key + "\"}").expect(204);
        String cookie = begun.header("Set-Cookie");
        assertThat(cookie)
                .startsWith("__Host-segmeter=")
                .contains("; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict")
                .doesNotContain("Domain=");
        String sent = cookie.substring(0, cookie.indexOf(';'));
        assertThat(send(null, "GET", "/api/v1/session", "Cookie", sent)
                        .expect(200)
                        .json()
                        .path("by")
                        .asString())
                .isEqualTo("session");
        String rules = "/api/v1/pairing-rules/dry-run";
        assertThat(send(null, "POST", rules, "Cookie", sent, "Content-Type", "application/json")
                        .status())
                .as("without the header of the own pages")
                .isEqualTo(403);
        assertThat(send(null, "POST", rules, "Cookie", sent, "X-Segmeter-Page", "1", "Sec-Fetch-Site", "cross-site")
                        .status())
                .isEqualTo(403);
        assertThat(send(null, "POST", rules, "Cookie", sent, "X-Segmeter-Page", "1", "Content-Type", "application/json")
                        .status())
                .isNotIn(401, 403);
        send(null, "DELETE", "/api/v1/session", "Cookie", sent, "X-Segmeter-Page", "1")
                .expect(204);
        send(null, "GET", "/api/v1/evaluations", "Cookie", sent).expect(401);
        // Without TLS the name promises nothing, and over it the plain one is not looked at.
        assertThat(send(null, "GET", "/api/v1/session", "Cookie", sent.replace("__Host-", ""))
                        .status())
                .isEqualTo(401);
    }

    @Test
    void aClientIsKnownByItsCertificate() throws Exception {
        Path made = directory.resolve("made.p12");
        HttpClient pacs = client(context(made, "pacs"));
        JsonNode who = send(pacs, null, "GET", "/api/v1/session", new byte[0])
                .expect(200)
                .json();
        assertThat(who.path("by").asString()).isEqualTo("certificate");
        assertThat(who.path("tenant").asString()).isEqualTo("north");
        assertThat(who.path("roles").toString()).isEqualTo("[\"submit\"]");
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        send(pacs, null, "POST", "/dicom-web/studies", DicomWeb.body("b1", seg.bytes()), "Content-Type", STOW)
                .expect(200);
        send(key("north", Role.REVIEW), "GET", "/dicom-web/studies/" + seg.study)
                .expect(200);
        send(key("south", Role.REVIEW), "GET", "/dicom-web/studies/" + seg.study)
                .expect(404);
        send(pacs, null, "GET", "/api/v1/evaluations", new byte[0]).expect(403);
        // A key says more than the connection.
        send(pacs, key("north", Role.READ), "GET", "/api/v1/evaluations", new byte[0])
                .expect(200);
        // In a browser the certificate goes along with whatever a page asks for.
        send(
                        pacs,
                        null,
                        "POST",
                        "/dicom-web/studies",
                        DicomWeb.body("b1", seg.bytes()),
                        "Content-Type",
                        STOW,
                        "Sec-Fetch-Site",
                        "none")
                .expect(403);
        // Its name is in the certificate's subject, where nobody looks, and its alternative name is another.
        send(client(context(made, "guest")), null, "GET", "/api/v1/evaluations", new byte[0])
                .expect(401);
        for (String refused : List.of("old", "stranger")) {
            HttpClient client = client(context(made, refused));
            assertThatThrownBy(() -> send(client, null, "GET", "/api/v1/evaluations", new byte[0])
                            .expect(401)
                            .expect(0))
                    .as(refused)
                    .satisfiesAnyOf(
                            // The connection does not come about, or the certificate is not even shown: its issuer is
                            // not among
                            // those that the service names.
                            failure -> assertThat(failure).isInstanceOf(IOException.class),
                            failure -> assertThat(failure).hasMessageContaining("/problems/unauthenticated"));
        }
    }

    @Test
    void anotherCertificateIsShownWithoutARestart() throws Exception {
        Path made = directory.resolve("made.p12");
        assertThat(shown()).isIn(certificate(made, "server"), certificate(made, "next"));
        serve(made, "next");
        await("the new certificate is shown", () -> shown().equals(certificate(made, "next")));
        suitesWithoutAuthenticatedEncryptionAreNotOffered();
        serve(made, "server");
        await("and the old one again", () -> shown().equals(certificate(made, "server")));
        send(null, "GET", "/livez").expect(200);
    }

    private static X509Certificate shown() throws Exception {
        try (SSLSocket socket = (SSLSocket) context(directory.resolve("made.p12"), null)
                .getSocketFactory()
                .createSocket("localhost", service.port())) {
            socket.startHandshake();
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    @Test
    void theAuditTrailArrivesAtARepositoryThatKnowsTheServiceByItsCertificate() throws Exception {
        HttpRequest stranger = HttpRequest.newBuilder(URI.create(repository.url() + "/AuditEvent"))
                .timeout(Duration.ofSeconds(60))
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build();
        assertThatThrownBy(() -> http.send(stranger, HttpResponse.BodyHandlers.discarding()))
                .as("without a certificate")
                .isInstanceOf(IOException.class);
        send(FIRST_KEY, "GET", "/api/v1/evaluations").expect(200);
        await("all events arrive, in their order", () -> repository.taken().equals(digests()));
        assertThat(repository.authorizations()).contains("Bearer first-token");
        Files.writeString(repositoryToken, "second-token");
        repository.answersBy((request, events) -> RecordRepository.Answer.refused(503));
        String metrics =
                send(FIRST_KEY, "GET", "/actuator/prometheus").expect(200).text();
        assertThat(metrics).contains("segmeter_audit_delivered_total ", "segmeter_audit_backlog_bytes ");
        await("the lag is seen", () -> lag() > 0);
        repository.answersBy((request, events) -> RecordRepository.Answer.all());
        await("all events arrive after all", () -> repository.taken().equals(digests()));
        assertThat(repository.authorizations()).contains("Bearer second-token");
        await("there is no lag", () -> lag() == 0);
        assertThat(repository.again()).isZero();
    }

    private static double lag() {
        return service.bean(MeterRegistry.class)
                .get("segmeter.audit.lag.seconds")
                .gauge()
                .value();
    }

    private static List<String> digests() throws IOException {
        return trail().stream().map(RecordRepository::digest).toList();
    }

    // Names of patients.

    @Test
    void namesOfPatientsAreSeenByThoseWhoMayAndOthersSeePseudonyms() throws Exception {
        String study = SegFixture.uid();
        String other = SegFixture.uid();
        String patient = "P-" + study.substring(study.length() - 8);
        SegFixture seg =
                SegFixture.ai(study).patient("Sülze^Anna").creator("Reader^One").liver(0);
        byte[] object = seg.bytes();
        store(
                        key("west", Role.SUBMIT),
                        object,
                        SegFixture.ai(other).patient("Other^Person").liver(0).bytes())
                .expect(200);
        String reader = key("west", Role.READ);
        String reviewer = key("west", Role.REVIEW);

        JsonNode seen = send(reviewer, "GET", "/dicom-web/studies?PatientID=" + patient)
                .expect(200)
                .json();
        assertThat(seen.size()).isEqualTo(1);
        assertThat(seen.toString()).contains("Sülze^Anna", patient, study);
        for (String query : List.of(
                "PatientName=s%C3%BClze*",
                "PatientName=S%C3%9CLZE%5EANNA", "PatientID=" + patient.substring(0, 6) + "*&PatientName=*anna")) {
            assertThat(send(reviewer, "GET", "/dicom-web/studies?" + query)
                            .expect(200)
                            .json()
                            .size())
                    .as(query)
                    .isEqualTo(1);
        }

        Answer hidden = send(reader, "GET", "/dicom-web/studies?StudyInstanceUID=" + study + "&includefield=all")
                .expect(200);
        assertThat(hidden.text()).doesNotContain("lze", "Anna", patient).contains(study);
        String pseudonym = hidden.json().at("/0/00100020/Value/0").asString();
        assertThat(pseudonym).matches("[a-z2-7]{16}");
        assertThat(hidden.json().at("/0/00100010/Value/0/Alphabetic").asString())
                .matches("[a-z2-7]{16}");
        assertThat(hidden.json().at("/0/00081030/Value").isMissingNode()).isTrue();
        assertThat(send(reader, "GET", "/dicom-web/studies?PatientID=" + pseudonym)
                        .expect(200)
                        .json()
                        .size())
                .isEqualTo(1);
        for (String guess :
                List.of("PatientID=" + patient, "PatientName=s*", "PatientName=S%C3%BClze%5EAnna", "PatientID=P*")) {
            send(reader, "GET", "/dicom-web/studies?" + guess).expect(204);
        }
        String instance = "/dicom-web/studies/" + study + "/series/" + seg.series() + "/instances/" + seg.sop();
        for (String path : List.of(instance, instance + "/metadata", "/dicom-web/studies/" + study)) {
            send(reader, "GET", path).expect(403);
        }
        send(reader, "GET", instance + "/rendered");
        assertThat(send(reviewer, "GET", instance, "Accept", "application/dicom")
                        .expect(200)
                        .body())
                .as("what is stored is given back as it came")
                .isEqualTo(object);

        // The same patient in another tenant has another pseudonym.
        store(key("east", Role.SUBMIT), object).expect(200);
        assertThat(send(key("east", Role.READ), "GET", "/dicom-web/studies?StudyInstanceUID=" + study)
                        .json()
                        .at("/0/00100020/Value/0")
                        .asString())
                .matches("[a-z2-7]{16}")
                .isNotEqualTo(pseudonym);
        nothingOfItIsInTheDatabase(List.of("Sülze", "Anna", patient, "Reader^One", "reader^one"));

        // Rows of an older version, and of another key, are sealed in time.
        JdbcClient sql = service.bean(JdbcClient.class);
        sql.sql("""
            update dicom_instance set attributes = jsonb_set(attributes, '{00100020,Value,0}', to_jsonb(cast(:patient as text))),
                identity = null, sealed_by = null, patient = null, content_creator = 'Reader^One' where study_uid = :study
                and tenant = 'west'\
            """).param("patient", patient).param("study", study).update();
        sql.sql("update dicom_instance set identity = 'x', sealed_by = 'another', patient = 'x' where"
                        + " study_uid = :study")
                .param("study", other)
                .update();
        task("Seals");
        assertThat(send(reviewer, "GET", "/dicom-web/studies?PatientID=" + patient)
                        .expect(200)
                        .json()
                        .size())
                .isEqualTo(1);
        assertThat(send(reviewer, "GET", "/dicom-web/studies?PatientName=other*")
                        .expect(200)
                        .text())
                .contains("Other^Person", other);
        nothingOfItIsInTheDatabase(List.of("Anna", patient, "Reader^One"));
        Path key = directory.resolve("data/pseudonyms.key");
        assertThat(Files.getPosixFilePermissions(key)).hasSize(2);
    }

    private static void task(String name) {
        for (ScheduledTaskHolder holder : List.of(service.bean(ScheduledTaskHolder.class))) {
            List<ScheduledTask> tasks = holder.getScheduledTasks().stream()
                    .filter(task -> task.getTask().toString().contains("." + name + "."))
                    .toList();
            assertThat(tasks).as(name).hasSize(1);
            tasks.getFirst().getTask().getRunnable().run();
        }
    }

    private static void nothingOfItIsInTheDatabase(List<String> marks) {
        JdbcClient sql = service.bean(JdbcClient.class);
        List<String> tables = sql.sql("select table_name from information_schema.tables"
                        + " where table_schema = current_schema() and table_type = 'BASE TABLE'")
                .query(String.class)
                .list();
        assertThat(tables).hasSizeGreaterThan(20);
        for (String table : tables) {
            for (String mark : marks) {
                assertThat(sql.sql("select count(*) from " + table + " t where position(:mark in t::text) > 0")
                                .param("mark", mark)
                                .query(Long.class)
                                .single())
                        .as("%s in %s", mark, table)
                        .isZero();
            }
        }
    }

    @Test
    void whatIsErasedLeavesATombstoneAndDoesNotComeBack() throws Exception {
        String study = SegFixture.uid();
        String patient = "P-" + study.substring(study.length() - 8);
        SegFixture ai = SegFixture.ai(study).patient("Gone^Away").liver(0);
        SegFixture corrected = SegFixture.corrected(study).patient("Gone^Away").liver(1);
        SegFixture stays = SegFixture.ai(SegFixture.uid()).patient("Stays^Here").liver(0);
        String sender = key("gone", Role.SUBMIT);
        String operator = key("gone", Role.OPERATE);
        String reviewer = key("gone", Role.REVIEW);
        byte[] object = ai.bytes();
        store(sender, object, corrected.bytes(), stays.bytes()).expect(200);
        // Another tenant has the same object, and keeps it.
        store(key("kept", Role.SUBMIT), object).expect(200);
        await(
                "the pair is scored",
                () -> send(reviewer, "GET", "/api/v1/pairs?study=" + study + "&state=SCORED")
                                .json()
                                .path("pairs")
                                .size()
                        == 1);
        JsonNode links =
                send(reviewer, "GET", "/api/v1/pairs?study=" + study).json().at("/pairs/0/links");
        Path corrections = blob(study, corrected.sop());
        Path report = blob(study, links.path("report").asString().replaceAll(".*/", ""));
        Path shared = blob(study, ai.sop());
        assertThat(List.of(corrections, report, shared)).allMatch(Files::exists);

        assertThat(json(reviewer, "/api/v1/erasures", "{\"patientId\":\"" + patient + "\"}")
                        .status())
                .isEqualTo(403);
        for (String wrong :
                List.of("{}", "{\"study\":\"x\"}", "{\"study\":1}", "{\"study\":\"1.2\",\"case\":\"x\"}", "[]")) {
            json(operator, "/api/v1/erasures", wrong).expect(422);
        }
        Answer erased = json(operator, "/api/v1/erasures", "{\"patientId\":\"" + patient + "\"}");
        assertThat(erased.status()).as(erased.text()).isIn(201, 202);
        String tombstone = erased.header("Location");
        await("it is complete", () -> send(operator, "GET", tombstone).json().has("completedAt"));
        JsonNode told = send(operator, "GET", tombstone).json();
        assertThat(told.path("removed").toString())
                .contains("\"studies\":1", "\"instances\":3", "\"pairs\":1", "\"evaluations\":1");
        assertThat(told.toString()).doesNotContain(patient, study, "Gone");
        for (JsonNode link : links) {
            assertThat(send(key("gone", Role.ADMINISTER), "GET", link.asString())
                            .status())
                    .as(link.asString())
                    .isEqualTo(404);
        }
        send(reviewer, "GET", "/dicom-web/studies/" + study).expect(404);
        send(reviewer, "GET", "/dicom-web/studies/" + stays.study).expect(200);
        assertThat(List.of(corrections, report)).noneMatch(Files::exists);
        assertThat(shared).exists();
        send(key("kept", Role.REVIEW), "GET", "/dicom-web/studies/" + study).expect(200);
        try (Tenant.Binding ignored = Tenant.bind("gone")) {
            nothingOfItIsInTheDatabase(List.of(study, "Gone", patient));
        }
        assertThat(trail())
                .as("the audit trail has who asked, and the tombstone")
                .anyMatch(line -> line.contains("POST /api/v1/erasures") && line.contains(tombstone));

        Answer again = store(sender, object).expect(409);
        assertThat(again.text()).contains("" + 0x0124);
        send(http, operator, "POST", tombstone + "/lift", new byte[0]).expect(200);
        store(sender, object).expect(200);
        send(http, operator, "DELETE", "/dicom-web/studies/" + study, new byte[0]);
        await(
                "the study is gone again",
                () -> send(reviewer, "GET", "/dicom-web/studies/" + study).status() == 404);
        send(operator, "DELETE", "/dicom-web/studies/" + study).expect(404);
        assertThat(send(operator, "GET", "/api/v1/erasures")
                        .expect(200)
                        .json()
                        .path("erasures")
                        .size())
                .isEqualTo(2);
        assertThat(send(key("kept", Role.OPERATE), "GET", "/api/v1/erasures")
                        .json()
                        .path("erasures")
                        .size())
                .isZero();

        Answer scored = submit(key("gone", Role.SUBMIT, Role.READ), "{\"caseId\":\"to-go\"}", "Prefer", "wait=30")
                .expect(200);
        json(operator, "/api/v1/erasures", "{\"case\":\"to-go\"}");
        String evaluation = "/api/v1/evaluations/" + scored.json().path("id").asString();
        await("the evaluation is gone", () -> send(reviewer, "GET", evaluation).status() == 404);
    }

    private static Path blob(String study, String sop) {
        String sha256 = service.bean(JdbcClient.class)
                .sql("select sha256 from dicom_instance where study_uid = :study and sop_instance_uid = :sop limit 1")
                .param("study", study)
                .param("sop", sop)
                .query(String.class)
                .single();
        return directory.resolve("data/blobs/" + sha256.substring(0, 2) + "/" + sha256.substring(2));
    }

    private static List<String> trail() throws IOException {
        List<String> lines = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory.resolve("data/audit"))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".jsonl"))
                    .sorted()
                    .toList()) {
                lines.addAll(Files.readAllLines(file));
            }
        }
        return lines;
    }

    // Limits.

    @Test
    void aKeyMaySendSoManyBytes() throws Exception {
        String key = key("bytes", Role.SUBMIT);
        Answer first = send(key, "GET", "/api/v1/session");
        assertThat(send(key("bytes", Role.READ), "GET", "/api/v1/evaluations").header("RateLimit-Policy"))
                .contains("\"requests\";q=", "\"bytes\";q=" + BYTES_PER_MINUTE);
        assertThat(first.status()).isEqualTo(200);
        byte[] large = new byte[(int) BYTES_PER_MINUTE - 1000];
        // It is no instance; that it was sent counts.
        for (int i = 0; i < 3; i++) {
            Answer answer = send(
                    http,
                    key,
                    "POST",
                    "/dicom-web/studies",
                    DicomWeb.body("b1", Arrays.copyOf(large, 900_000)),
                    "Content-Type",
                    STOW);
            assertThat(answer.status()).isEqualTo(409);
        }
        Answer over = send(
                        http,
                        key,
                        "POST",
                        "/dicom-web/studies",
                        DicomWeb.body("b1", new byte[100]),
                        "Content-Type",
                        STOW)
                .expect(429);
        assertThat(over.problem()).isEqualTo("too-many-bytes");
        assertThat(Integer.parseInt(over.header("Retry-After"))).isBetween(1, 60);
        assertThat(over.header("RateLimit")).contains("\"bytes\";r=0;t=");
        send(
                        http,
                        key("bytes", Role.SUBMIT),
                        "POST",
                        "/dicom-web/studies",
                        DicomWeb.body("b1", new byte[100]),
                        "Content-Type",
                        STOW)
                .expect(409);
    }

    @Test
    void aKeyAndATenantMaySendSoMuchAtOnce() throws Exception {
        String one = key("slots", Role.SUBMIT);
        String other = key("slots", Role.SUBMIT);
        List<SSLSocket> held = new ArrayList<>();
        try {
            for (String key : List.of(one, one, other)) {
                SSLSocket socket = (SSLSocket) plain.getSocketFactory().createSocket("localhost", service.port());
                held.add(socket);
                socket.getOutputStream()
                        .write(("POST /api/v1/evaluations HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + FORM
                                        + "\r\nAuthorization: Bearer " + key + "\r\nContent-Length: 5000\r\n\r\n--seg")
                                .getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().flush();
                await("it is being received", () -> uploads() == held.size());
                if (held.size() == 2) {
                    Answer refused = submit(one, "{}").expect(429);
                    assertThat(refused.problem()).isEqualTo("too-many-uploads");
                    assertThat(refused.text()).contains("of this key");
                    assertThat(refused.header("Retry-After")).matches("\\d+");
                }
            }
            assertThat(submit(key("slots", Role.SUBMIT), "{}").expect(429).text())
                    .contains("uploads of this tenant");
            // Another one has.
            submit(key("calm", Role.SUBMIT), "{}", "Prefer", "wait=30").expect(200);
        } finally {
            for (SSLSocket socket : held) {
                socket.close();
            }
        }
        await("there is room again", () -> submit(one, "{}").status() == 202);
    }

    private static double uploads() {
        return service.bean(MeterRegistry.class)
                .get("segmeter.uploads.in.progress")
                .gauge()
                .value();
    }

    @Test
    void aKeyAndATenantMayFillTheirShareOfTheQueueOnlyAndLetOthersGoFirst() throws Exception {
        String busy = key("busy", Role.SUBMIT, Role.READ, Role.OPERATE);
        String block = "{\"labels\":{\"test\":\"block\"}}";
        Backlog backlog = service.bean(Backlog.class);
        List<String> blocked = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            String location = submit(busy, block).expect(202).header("Location");
            blocked.add(location);
            await(
                    "it runs",
                    () -> send(busy, "GET", location)
                            .json()
                            .path("state")
                            .asString()
                            .equals("RUNNING"));
        }
        await("nothing waits", () -> backlog.waiting("busy") == 0);
        for (int i = 0; i < OF_KEY; i++) {
            blocked.add(taken(busy, block));
        }
        Answer full = submit(busy, block).expect(429);
        assertThat(full.problem()).isEqualTo("too-many-waiting");
        assertThat(full.text()).contains(OF_KEY + " evaluations of this key wait");
        assertThat(full.header("Retry-After")).matches("\\d+");
        assertThat(full.headers().allValues("RateLimit-Policy")).contains("\"waiting\";q=" + OF_KEY);
        assertThat(full.headers().allValues("RateLimit")).contains("\"waiting\";r=0;t=" + full.header("Retry-After"));

        String other = key("busy", Role.SUBMIT);
        for (int i = OF_KEY; i < OF_TENANT; i++) {
            blocked.add(taken(other, block));
        }
        Answer tenant = submit(other, block).expect(429);
        assertThat(tenant.problem()).isEqualTo("too-many-waiting");
        assertThat(tenant.text()).contains(OF_TENANT + " evaluations of this tenant wait");

        Answer calm = submit(key("calm", Role.SUBMIT), "{}").expect(202);
        // Threads of the queue take two more, which wait there; of those in the queue, the one who came last goes
        // first.
        String last = blocked.get(OF_KEY + 1);
        assertThat(service.bean(DbSchedulerProperties.class).isPriorityEnabled())
                .isTrue();
        assertThat(priority(calm.header("Location"))).isZero();
        assertThat(priority(blocked.getLast())).as("of the other key").isZero();
        assertThat(priority(last)).isNegative();
        service.bean(JdbcClient.class)
                .sql("update scheduled_tasks set execution_time = now() - interval '11 minutes' where task_instance"
                        + " = :id")
                .param("id", last.replaceAll(".*/", ""))
                .update();
        task("ForgottenJobs");
        assertThat(priority(last)).as("after ten minutes").isZero();
        for (String location : blocked) {
            assertThat(send(busy, "DELETE", location).status()).isIn(200, 202, 204);
        }
        await("the share is free", () -> submit(busy, "{}").status() == 202);
    }

    /** What waits is read four times a second, and may be taken for one more for that long. */
    private static String taken(String key, String request) throws Exception {
        List<String> location = new ArrayList<>();
        await("there is room in the share", () -> {
            Answer answer = submit(key, request);
            if (answer.status() == 202) {
                location.add(answer.header("Location"));
            }
            return answer.status() == 202;
        });
        return location.getFirst();
    }

    private static int priority(String location) {
        return service.bean(JdbcClient.class)
                .sql("select priority from scheduled_tasks where task_instance = :id")
                .param("id", location.replaceAll(".*/", ""))
                .query(Integer.class)
                .single();
    }

    // Framing.

    @Test
    void whatIsNoProperRequestIsRefusedAndSharesNoConnection() throws Exception {
        String key = "Authorization: Bearer " + FIRST_KEY + "\r\n";
        String begin = "POST /api/v1/keys HTTP/1.1\r\nHost: localhost\r\n" + key + "Content-Type: application/json\r\n";
        String smuggled = "GET /api/v1/keys HTTP/1.1\r\nHost: localhost\r\n" + key + "\r\n";
        Map<String, String> requests = new java.util.LinkedHashMap<>();
        requests.put(
                "length and chunks",
                begin + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled);
        requests.put("two lengths", begin + "Content-Length: 0\r\nContent-Length: 7\r\n\r\n" + smuggled);
        requests.put("two lengths in one", begin + "Content-Length: 0, 7\r\n\r\n" + smuggled);
        requests.put("negative length", begin + "Content-Length: -1\r\n\r\n" + smuggled);
        requests.put("signed length", begin + "Content-Length: +2\r\n\r\n{}" + smuggled);
        requests.put("unknown coding", begin + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled);
        requests.put("chunked twice", begin + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + smuggled);
        requests.put(
                "space before the colon",
                begin + "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n" + smuggled);
        requests.put("folded header", begin + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n" + smuggled);
        requests.put("bad chunk size", begin + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + smuggled);
        requests.put("no host", "GET /livez HTTP/1.1\r\n\r\n" + smuggled);
        requests.put("two hosts", "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled);
        requests.put("HTTP/0.9", "GET /livez\r\n" + smuggled);
        requests.put("no version", "GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n" + smuggled);
        requests.put("control character", "GET /live\u0001z HTTP/1.1\r\nHost: localhost\r\n\r\n" + smuggled);
        requests.put("long header", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n");
        requests.put("many headers", "GET /livez HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n".repeat(500) + "\r\n");
        requests.put("long address", "GET /" + "x".repeat(20_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        requests.put("escaped slash", "GET /%2e%2e%2fapi HTTP/1.1\r\nHost: localhost\r\n\r\n" + smuggled);
        for (Map.Entry<String, String> one : requests.entrySet()) {
            String answers = raw(one.getValue());
            assertThat(answers)
                    .as(one.getKey())
                    .doesNotContain("\"keys\"", "Exception", "Tomcat", "at org.")
                    .matches("(?s)(HTTP/1.1 (400|405|411|414|415|422|431|501|505)[ \r].*)?");
        }
        for (String method : List.of("TRACE", "CONNECT", "PROPFIND", "SMUGGLE")) {
            assertThat(raw(method + " /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                    .as(method)
                    .matches("(?s)HTTP/1.1 (400|401|403|404|405|501)[ \r].*");
        }
    }

    /** All that comes back, until the service closes the connection. */
    private static String raw(String request) throws Exception {
        try (SSLSocket socket = (SSLSocket) plain.getSocketFactory().createSocket("localhost", service.port())) {
            socket.setSoTimeout(2_000);
            ByteArrayOutputStream answers = new ByteArrayOutputStream();
            try {
                socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
                socket.getOutputStream().flush();
                InputStream in = socket.getInputStream();
                for (int b = in.read(); b >= 0; b = in.read()) {
                    answers.write(b);
                }
            } catch (IOException e) {
                // it was closed, or nothing more came
            }
            return answers.toString(StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void multipartsAndJsonHaveLimits() throws Exception {
        String key = key("bombs", Role.SUBMIT, Role.ADMINISTER);
        byte[] part = "--b\r\nContent-Disposition: form-data; name=\"prediction\"; filename=\"x\"\r\n\r\n\r\n"
                .getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        for (int i = 0; i < 10_000; i++) {
            many.writeBytes(part);
        }
        many.writeBytes("--b--\r\n".getBytes(StandardCharsets.US_ASCII));
        String headers = "X: y\r\n".repeat(10_000);
        Map<String, byte[]> forms = Map.of(
                "ten thousand parts", many.toByteArray(),
                "ten thousand headers",
                        ("--b\r\n" + headers + "\r\nx\r\n--b--\r\n").getBytes(StandardCharsets.US_ASCII),
                "no end", part);
        for (String path : List.of("/api/v1/evaluations", "/dicom-web/studies")) {
            String kind =
                    path.startsWith("/api") ? "multipart/form-data" : "multipart/related; type=\"application/dicom\"";
            for (Map.Entry<String, byte[]> form : forms.entrySet()) {
                Answer refused = send(
                        http,
                        key("bombs", Role.SUBMIT),
                        "POST",
                        path,
                        form.getValue(),
                        "Content-Type",
                        kind + "; boundary=b");
                assertThat(refused.status())
                        .as("%s to %s: %s", form.getKey(), path, refused.text())
                        .isIn(400, 413, 422);
            }
            for (String boundary : List.of("b".repeat(71), "b".repeat(4095), "")) {
                send(
                                http,
                                key("bombs", Role.SUBMIT),
                                "POST",
                                path,
                                part,
                                "Content-Type",
                                kind + "; boundary=" + boundary)
                        .expect(400);
            }
        }
        for (String nested : List.of("[".repeat(100_000), "{\"a\":".repeat(600), "[".repeat(600) + "]".repeat(600))) {
            json(key, "/api/v1/keys", nested).expect(422);
        }
        json(key, "/api/v1/keys", "{\"name\":\"" + "x".repeat(1 << 20) + "\"}").expect(413);
        json(key, "/api/v1/keys", "{\"name\":\"x\",\"roles\":[\"read\"],\"days\":1" + "0".repeat(2000) + "}")
                .expect(422);
    }
}
