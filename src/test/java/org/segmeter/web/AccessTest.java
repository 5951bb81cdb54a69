package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.parser.StrictErrorHandler;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;
import org.hl7.fhir.r4.model.AuditEvent;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.database.Tenant;
import org.segmeter.format.dicom.SegFixture;
import org.segmeter.security.ApiKey;
import org.segmeter.security.ApiKeys;
import org.segmeter.security.AuditTrail;
import org.segmeter.security.KeyTable;
import org.segmeter.security.Role;
import org.segmeter.security.Routes;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.util.ReflectionTestUtils;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;

/** A service with a login: who may do what, on every route, in two tenants. */
class AccessTest {

    private static final String FIRST_KEY = "the-first-key-of-this-installation-0123456789";
    private static final int REQUESTS_PER_MINUTE = 6000;

    /** Every request that was answered, by the id that it carried. */
    private static final Set<String> ANSWERED = new java.util.concurrent.ConcurrentSkipListSet<>();

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    private static Path directory;

    private static Issuer issuer;
    private static Service service;
    private static Contract contract;
    private static final Map<String, Map<Role, String>> KEYS = new TreeMap<>();
    private static final Map<String, Things> THINGS = new TreeMap<>();

    /** What a tenant has. */
    private record Things(
            String tenant, UUID evaluation, String study, String series, String instance, String pair, String key) {}

    private record Answer(int status, java.net.http.HttpHeaders headers, String text, Contract.Exchange exchange) {
        String header(String name) {
            return headers.firstValue(name).orElse("");
        }

        JsonNode json() {
            return Api.JSON.readTree(text);
        }
    }

    @BeforeAll
    static void start() throws Exception {
        issuer = new Issuer();
        contract = Contract.of(Contract.document());
        service = Service.start(
                directory,
                "--segmeter.security.api-key=" + FIRST_KEY,
                "--segmeter.security.key-cache=1s",
                "--segmeter.security.requests-per-minute=" + REQUESTS_PER_MINUTE,
                "--segmeter.security.oidc.issuer=" + issuer.url(),
                "--segmeter.security.oidc.audience=" + Issuer.AUDIENCE,
                "--segmeter.security.oidc.tenant-claim=tenant",
                "--segmeter.natural-idempotency=true",
                // Of the installation: it is told nothing of other tenants.
                "--segmeter.pacs.webhooks.qa.url=http://127.0.0.1:9/told",
                "--segmeter.pacs.webhooks.qa.secret=" + Receiver.SECRET,
                "--segmeter.pacs.webhooks.qa.events=expired");
        for (String tenant : List.of("north", "south")) {
            Map<Role, String> keys = new EnumMap<>(Role.class);
            for (Role role : Role.values()) {
                keys.put(role, key(tenant, "key of " + tenant, role).token());
            }
            KEYS.put(tenant, keys);
            THINGS.put(tenant, things(tenant));
        }
    }

    @AfterAll
    static void stop() throws Exception {
        service.stop();
        issuer.close();
        Path trail = directory.resolve("audit");
        assertThat(AuditTrail.verify(trail)).isEmpty();
        Set<String> written = new java.util.TreeSet<>();
        int profiled = 0;
        IParser strict = FhirContext.forR4Cached().newJsonParser().setParserErrorHandler(new StrictErrorHandler());
        try (java.util.stream.Stream<Path> files = java.nio.file.Files.list(trail)) {
            for (Path file : files.toList()) {
                for (String line : java.nio.file.Files.readAllLines(file)) {
                    JsonNode event = Api.JSON.readTree(line);
                    assertThat(event.path("resourceType").asString()).isEqualTo("AuditEvent");
                    assertThat(event.path("recorded").asString()).as("UTC").endsWith("Z");
                    written.add(event.at("/entity/2/what/identifier/value").asString());
                    assertThat(line).doesNotContain("sgm_", FIRST_KEY, "limit=");
                    // Whatever a request said: one event is one line, not a long one, and nothing that a terminal
                    // obeys.
                    assertThat(line).matches("[\\x20-\\x7e]{100,5000}");
                    strict.parseResource(AuditEvent.class, line);
                    profiled += isOfItsProfile(event) ? 1 : 0;
                }
            }
        }
        System.out.println("audit: " + ANSWERED.size() + " requests answered, all of them written down");
        assertThat(written).containsAll(ANSWERED).hasSizeGreaterThan(500);
        assertThat(profiled).isGreaterThan(100);
    }

    /** What IHE's Basic Audit Log Patterns ask of an event of success; failures have no profile. */
    private static boolean isOfItsProfile(JsonNode event) {
        String profile = event.at("/meta/profile/0").asString("");
        String action = event.path("action").asString();
        boolean success = event.path("outcome").asString().equals("0");
        assertThat(profile.isEmpty()).as(event.toString()).isEqualTo(!success);
        if (!success) {
            return false;
        }
        assertThat(profile)
                .endsWith("/IHE.BasicAudit."
                        + Map.of("R", "Read", "C", "Create", "U", "Update", "D", "Delete", "E", "Query")
                                .get(action));
        List<String> roles = event.path("agent")
                .valueStream()
                .map(agent -> agent.at("/type/coding/0/code").asString())
                .toList();
        // Source and destination: whoever reads is the destination.
        assertThat(roles).isEqualTo(action.equals("R") ? List.of("110152", "110153") : List.of("110153", "110152"));
        assertThat(event.path("agent")).allSatisfy(agent -> {
            assertThat(agent.at("/who/identifier/value").asString()).isNotEmpty();
            assertThat(agent.at("/network/address").asString()).isNotEmpty();
            assertThat(agent.path("requestor").isBoolean()).isTrue();
        });
        JsonNode asked = event.at("/entity/0");
        assertThat(asked.at("/type/code").asString()).isEqualTo("2");
        assertThat(asked.at("/role/code").asString()).isEqualTo(action.equals("E") ? "24" : "4");
        assertThat(asked.has("what")).isEqualTo(!action.equals("E"));
        assertThat(asked.has("query")).isEqualTo(action.equals("E"));
        return true;
    }

    private static ApiKey.Made key(String tenant, String name, Role role) {
        try (Tenant.Binding ignored = Tenant.bind(tenant)) {
            return service.bean(ApiKeys.class).create(name, EnumSet.of(role), null);
        }
    }

    private static String token(String tenant, Role role) {
        return KEYS.get(tenant).get(role);
    }

    private static Things things(String tenant) throws Exception {
        Answer scored = submit(token(tenant, Role.SUBMIT), "{\"caseId\":\"case-of-" + tenant + "\"}");
        assertThat(scored.status()).as(scored.text()).isEqualTo(200);
        String evaluation = scored.json().path("id").asString();
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        DicomWeb.Answer stored = new DicomWeb(service.port())
                .post(
                        "/studies",
                        "multipart/related; type=\"application/dicom\"; boundary=b1",
                        DicomWeb.body("b1", seg.bytes()),
                        "Authorization",
                        "Bearer " + token(tenant, Role.SUBMIT));
        assertThat(stored.status()).as(stored.text()).isEqualTo(200);
        String[] url = stored.of("00081199", "00081190").getFirst().split("/", -1);
        int at = List.of(url).indexOf("studies");
        Answer pairs = send(token(tenant, Role.READ), "GET", "/api/v1/pairs?study=" + url[at + 1]);
        return new Things(
                tenant,
                UUID.fromString(evaluation),
                url[at + 1],
                url[at + 3],
                url[at + 5],
                pairs.json().at("/pairs/0/id").asString(),
                key(tenant, "spare key of " + tenant, Role.READ).key().id());
    }

    private static Answer submit(String token, String request, String... headers) throws Exception {
        List<String> all = new ArrayList<>(
                List.of("Content-Type", "multipart/form-data; boundary=segmeter-test-boundary", "Prefer", "wait=60"));
        all.addAll(List.of(headers));
        return send(token, "POST", "/api/v1/evaluations", Api.form(Api.pair(request)), all.toArray(String[]::new));
    }

    private static Answer send(@Nullable String token, String method, String path, String... headers) throws Exception {
        return send(token, method, path, null, headers);
    }

    private static Answer send(
            @Nullable String token, String method, String path, byte @Nullable [] body, String... headers)
            throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + service.port() + path);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(Duration.ofSeconds(90))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        Map<String, String> sent = new LinkedHashMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            sent.put(headers[i], headers[i + 1]);
        }
        if (token != null) {
            sent.put("Authorization", "Bearer " + token);
        }
        String id = UUID.randomUUID().toString();
        sent.put("X-Request-Id", id);
        sent.forEach(request::setHeader);
        HttpResponse<byte[]> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        // What is malformed is refused before anybody looks at who sent it, and written down whatever its address; what
        // is
        // traced comes to nothing of ours.
        if (!method.equals("TRACE") && path.startsWith("/api/")
                || path.contains("//")
                || path.startsWith("/dicom-web/")
                || path.startsWith("/fhir/")
                || path.startsWith("/actuator/prometheus")) {
            ANSWERED.add(id);
        }
        Contract.Exchange exchange = new Contract.Exchange(
                method,
                uri,
                sent,
                body == null ? null : new String(body, StandardCharsets.ISO_8859_1),
                response.statusCode(),
                lower(response.headers().map()),
                response.body());
        return new Answer(
                response.statusCode(),
                response.headers(),
                new String(response.body(), StandardCharsets.UTF_8),
                exchange);
    }

    private static Map<String, List<String>> lower(Map<String, List<String>> headers) {
        Map<String, List<String>> lower = new LinkedHashMap<>();
        headers.forEach((name, values) -> lower.put(name.toLowerCase(java.util.Locale.ROOT), values));
        return lower;
    }

    /** An operation of the document. */
    private record Operation(
            String id, String method, String path, @Nullable Role needs) {}

    private static List<Operation> operations() throws Exception {
        List<Operation> operations = new ArrayList<>();
        Map<String, Object> document = new Yaml().load(Contract.document());
        ((Map<?, ?>) document.get("paths"))
                .forEach((path, item) -> ((Map<?, ?>) item).forEach((verb, value) -> {
                    if (value instanceof Map<?, ?> operation && operation.containsKey("operationId")) {
                        String word = String.valueOf(operation.get("x-segmeter-role"));
                        assertThat(word)
                                .as("x-segmeter-role of " + operation.get("operationId"))
                                .isIn("none", "submit", "read", "review", "operate", "administer");
                        operations.add(new Operation(
                                String.valueOf(operation.get("operationId")),
                                String.valueOf(verb).toUpperCase(java.util.Locale.ROOT),
                                String.valueOf(path),
                                Role.of(word).orElse(null)));
                    }
                }));
        assertThat(operations).hasSizeGreaterThan(40);
        return operations;
    }

    /** What is answered to those who may, of what they have; of the others only that it is a documented answer of success or refusal. */
    private static final Map<String, Integer> OWN = Map.ofEntries(
            Map.entry("submitEvaluation", 415),
            Map.entry("listEvaluations", 200),
            Map.entry("getEvaluation", 200),
            Map.entry("deleteEvaluation", 404),
            Map.entry("getScorecard", 200),
            Map.entry("getLosses", 200),
            Map.entry("getCalibration", 200),
            Map.entry("getFragility", 200),
            Map.entry("verifyEvaluation", 200),
            Map.entry("followEvaluation", 200),
            Map.entry("rescoreEvaluation", 202),
            Map.entry("getRetention", 200),
            Map.entry("listProtocols", 200),
            Map.entry("listMetrics", 200),
            Map.entry("listPairs", 200),
            Map.entry("getPair", 200),
            Map.entry("getPairingRules", 200),
            Map.entry("searchStudies", 200),
            Map.entry("searchSeries", 200),
            Map.entry("searchInstances", 200),
            Map.entry("searchSeriesOfStudy", 200),
            Map.entry("searchInstancesOfStudy", 200),
            Map.entry("searchInstancesOfSeries", 200),
            Map.entry("retrieveStudy", 200),
            Map.entry("retrieveStudyMetadata", 200),
            Map.entry("retrieveSeries", 200),
            Map.entry("retrieveSeriesMetadata", 200),
            Map.entry("retrieveInstance", 200),
            Map.entry("retrieveInstanceMetadata", 200),
            Map.entry("listKeys", 200),
            Map.entry("createKey", 415),
            Map.entry("revokeKey", 404),
            Map.entry("rotateKey", 201),
            Map.entry("listProblems", 200),
            Map.entry("explainProblem", 200),
            Map.entry("getApiDocument", 200));

    /** Searches answer with nothing where what they search in is not there. */
    private static final Set<String> EMPTY_ELSEWHERE =
            Set.of("searchSeriesOfStudy", "searchInstancesOfStudy", "searchInstancesOfSeries");

    /** Open to every caller, whatever they may do, and to nobody else. */
    private static final Set<String> ASK_WHO_THEY_ARE =
            Set.of("getSession", "listSessions", "endOtherSessions", "endSessionOfList");

    /** What every tenant has in common. */
    private static final Set<String> COMMON = Set.of("getProtocol", "explainProblem");

    private static String path(Operation operation, Things things) {
        String path = operation.path();
        boolean harmful = Set.of("deleteEvaluation", "revokeKey").contains(operation.id());
        String id = path.startsWith("/api/v1/evaluations/")
                ? things.evaluation().toString()
                : path.startsWith("/api/v1/pairs/")
                        ? things.pair()
                        : path.startsWith("/api/v1/keys/")
                                ? things.key()
                                : path.startsWith("/api/v1/protocols/")
                                        ? "segmeter@1"
                                        : UUID.randomUUID().toString();
        return path.replace(
                        "{id}",
                        harmful && things.tenant().equals("north")
                                ? UUID.randomUUID().toString()
                                : id)
                .replace("{study}", operation.id().equals("eraseStudy") ? "2.25.17" : things.study())
                .replace("{series}", things.series())
                .replace("{instance}", things.instance())
                .replace("{slug}", "not-found")
                .replaceAll(
                        "\\{[^}]+\\}",
                        path.startsWith("/dicom-web/")
                                ? "2.25.17"
                                : UUID.randomUUID().toString());
    }

    @Test
    void everyOperationAnswersEveryRoleInEachTenantAsItIsDocumented() throws Exception {
        int cells = 0;
        List<String> wrong = new ArrayList<>();
        List<Role> callers = new ArrayList<>(List.of(Role.values()));
        callers.addFirst(null);
        for (Operation operation : operations()) {
            for (Role role : callers) {
                for (String owner : List.of("north", "south")) {
                    // The caller is of north.
                    boolean own = owner.equals("north");
                    String token = role == null ? null : token("north", role);
                    Answer answer = send(token, operation.method(), path(operation, THINGS.get(owner)));
                    cells++;
                    String cell = "%s as %s of %s: %d".formatted(operation.id(), role, owner, answer.status());
                    String fault = fault(operation, role, own, answer);
                    if (fault != null) {
                        wrong.add(cell + ", " + fault + " "
                                + answer.text().lines().findFirst().orElse(""));
                    }
                    if (answer.text().contains("case-of-south")
                            || answer.text().contains("key of south")
                            || (own
                                    && answer.text()
                                            .contains(THINGS.get("south").study()))) {
                        wrong.add(cell + ", tells of the other tenant");
                    }
                    if (operation.path().startsWith("/api/")) {
                        contract.objections(answer.exchange(), false)
                                .forEach(objection -> wrong.add(cell + ", " + objection));
                    }
                }
            }
        }
        System.out.println(
                "access matrix: " + cells + " cells, " + operations().size() + " operations x 6 callers x 2 tenants");
        assertThat(wrong).isEmpty();
        // Nothing of the other tenant was changed on the way.
        assertThat(send(
                                token("south", Role.READ),
                                "GET",
                                "/api/v1/evaluations/" + THINGS.get("south").evaluation())
                        .status())
                .isEqualTo(200);
        assertThat(send(token("south", Role.ADMINISTER), "GET", "/api/v1/keys").text())
                .contains(THINGS.get("south").key())
                .doesNotContain("revokedAt", "expiresAt");
    }

    private static @Nullable String fault(Operation operation, @Nullable Role role, boolean own, Answer answer) {
        Role needs = operation.needs();
        int status = answer.status();
        if (needs == null) {
            boolean session = ASK_WHO_THEY_ARE.contains(operation.id()) && role == null;
            return status == 403
                            || (status == 401 && !session && !operation.id().equals("beginSession"))
                    ? "it is open"
                    : null;
        }
        if (role == null) {
            return status == 401 && answer.header("WWW-Authenticate").equals("Bearer realm=\"segmeter\"")
                    ? null
                    : "expected 401";
        }
        if (!role.included().contains(needs)) {
            return status == 403 && answer.header("WWW-Authenticate").contains("scope=\"" + needs.word() + "\"")
                    ? null
                    : "expected 403";
        }
        boolean elsewhere = !own && operation.path().contains("{") && !COMMON.contains(operation.id());
        if (elsewhere && EMPTY_ELSEWHERE.contains(operation.id())) {
            return status == 204 || (status == 200 && answer.json().isEmpty()) ? null : "expected nothing";
        }
        if (elsewhere) {
            // What has a body is refused for that first; nothing is told either way.
            return status == 404
                            || (List.of("POST", "PUT").contains(operation.method())
                                    && List.of(400, 415, 422).contains(status))
                    ? null
                    : "expected 404";
        }
        Integer expected = OWN.get(operation.id());
        return expected == null
                ? status == 401 || status == 403 || status >= 500 ? "expected to be let in" : null
                : status == expected ? null : "expected " + expected;
    }

    @Test
    void everyMappingOfTheServiceStandsInTheDocument() throws Exception {
        Set<String> known = new java.util.TreeSet<>();
        operations()
                .forEach(operation ->
                        known.add(operation.method() + " " + operation.path().replaceAll("\\{[^}]+\\}", "{}")));
        Set<String> mapped = new java.util.TreeSet<>();
        service.bean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class)
                .getHandlerMethods()
                .keySet()
                .forEach(info -> info.getPatternValues()
                        .forEach(pattern -> info.getMethodsCondition()
                                .getMethods()
                                .forEach(
                                        method -> mapped.add(method + " " + pattern.replaceAll("\\{[^}]+\\}", "{}")))));
        assertThat(mapped).hasSizeGreaterThan(40).isSubsetOf(known);
    }

    @Test
    void whatIsNotDescribedIsNobodys() throws Exception {
        Routes routes = service.bean(Routes.class);
        for (String path : List.of(
                "/api/v1/unknown",
                "/actuator",
                "/actuator/env",
                "/actuator/heapdump",
                "/api",
                "/dicom-web/x",
                "/fhir/Patient",
                "/%61pi/v1/unknown",
                "/actuator/prometheus/x")) {
            assertThat(routes.of("GET", path)).as(path).isInstanceOf(Routes.Need.NoSuchRoute.class);
            assertThat(send(null, "GET", path).status()).as(path).isEqualTo(401);
            assertThat(send(FIRST_KEY, "GET", path).status()).as(path).isEqualTo(404);
        }
        assertThat(send(FIRST_KEY, "PUT", "/api/v1/evaluations").status()).isEqualTo(405);
        for (String folder : List.of("/static/", "/webjars/", "/META-INF/", "/api/", "/dicom-web/")) {
            assertThat(send(FIRST_KEY, "GET", folder).status())
                    .as("a listing of " + folder)
                    .isEqualTo(404);
        }
        String odd = "a".repeat(6000);
        assertThat(send(FIRST_KEY, "GET", "/api/v1/" + odd).status()).isEqualTo(404);
        for (String path :
                List.of("/", "/style.css", "/login.html", "/openapi.yaml", "/livez", "/readyz", "/actuator/health")) {
            assertThat(send(null, "GET", path).status()).as(path).isEqualTo(200);
        }
        assertThat(send(null, "GET", "/actuator/prometheus").status()).isEqualTo(401);
        assertThat(send(token("north", Role.READ), "GET", "/actuator/prometheus")
                        .status())
                .isEqualTo(403);
        assertThat(send(token("north", Role.OPERATE), "GET", "/actuator/prometheus")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void theDatabaseItselfShowsATenantItsOwnRowsOnly() throws Exception {
        int tables = 0;
        try (Tenant.Binding ignored = Tenant.bind("south");
                Connection connection = service.bean(DataSource.class).getConnection();
                Statement statement = connection.createStatement()) {
            List<String> names = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery("select table_name from information_schema.columns where"
                    + " column_name = 'tenant' and table_schema = current_schema()")) {
                while (rows.next()) {
                    names.add(rows.getString(1));
                }
            }
            for (String name : names) {
                try (ResultSet row = statement.executeQuery(
                        "select count(*) filter (where tenant <> 'south'), count(*) from " + name)) {
                    row.next();
                    assertThat(row.getLong(1)).as(name).isZero();
                    tables += row.getLong(2) > 0 ? 1 : 0;
                }
            }
            for (String name : List.of("evaluation_event", "metric_value", "loss_document")) {
                try (ResultSet row = statement.executeQuery("select count(*) from " + name
                        + " x where not exists (select from evaluation e where e.id = x.evaluation_id)")) {
                    row.next();
                    assertThat(row.getLong(1)).as(name).isZero();
                }
            }
            assertThat(names).hasSizeGreaterThan(7);
            assertThat(tables).as("tables in which it has rows").isGreaterThanOrEqualTo(5);
            try (ResultSet row = statement.executeQuery(
                    "insert into api_key (id, tenant, name, secret_sha256, roles) values ('aaaaaaaaaaaa', 'north', 'x',"
                            + " repeat('a', 64), '{administer}') returning id")) {
                throw new AssertionError("south made a key of north: " + row);
            } catch (java.sql.SQLException e) {
                assertThat(e.getMessage()).contains("row-level security");
            }
        }
        try (Tenant.Binding ignored = Tenant.bind(Tenant.NOBODY)) {
            assertThat(service.bean(JdbcClient.class)
                            .sql("select count(*) from evaluation")
                            .query(Long.class)
                            .single())
                    .isZero();
        }
    }

    @Test
    void keysAndContentsOfTwoTenantsHaveNothingToDoWithEachOther() throws Exception {
        String request = "{\"caseId\":\"the-same\"}";
        Answer north = submit(token("north", Role.SUBMIT), request);
        Answer south = submit(token("south", Role.SUBMIT), request);
        assertThat(south.json().path("id")).isNotEqualTo(north.json().path("id"));
        assertThat(submit(token("north", Role.SUBMIT), request).json().path("id"))
                .isEqualTo(north.json().path("id"));

        Answer first = submit(token("north", Role.SUBMIT), request, "Idempotency-Key", "one");
        Answer other = submit(token("south", Role.SUBMIT), "{\"caseId\":\"another\"}", "Idempotency-Key", "one");
        assertThat(first.status()).isEqualTo(200);
        assertThat(other.status()).as(other.text()).isEqualTo(200);
        assertThat(submit(token("south", Role.SUBMIT), request, "Idempotency-Key", "one")
                        .status())
                .isEqualTo(422);
    }

    @Test
    void groupsOfResultsAreOfTheirTenantWhetherTheDatabaseOrMemoryAnswers() throws Exception {
        for (String tenant : List.of("north", "south")) {
            Answer scored = submit(
                    token(tenant, Role.SUBMIT), "{\"model\":{\"name\":\"net-of-" + tenant + "\",\"version\":\"1\"}}");
            assertThat(scored.status()).as(scored.text()).isEqualTo(200);
        }
        // The first answers come from the database, later ones from memory.
        for (int i = 0; i < 10; i++) {
            for (String tenant : List.of("north", "south")) {
                Answer groups =
                        send(token(tenant, Role.READ), "GET", "/api/v1/aggregates?metric=dice&groupBy=model&stat=mean");
                assertThat(groups.status()).as(groups.text()).isEqualTo(200);
                assertThat(groups.text())
                        .contains("net-of-" + tenant)
                        .doesNotContain("net-of-" + (tenant.equals("north") ? "south" : "north"));
            }
        }
    }

    /** The matrix names what is another tenant's in the address; here it stands in the query or the body. */
    @Test
    void whatAnotherTenantHasIsNotThereWhereverItIsNamed() throws Exception {
        String all = token("north", Role.ADMINISTER);
        Things south = THINGS.get("south");
        byte[] one = SegFixture.ai(SegFixture.uid()).liver(0).bytes();
        byte[] two = SegFixture.corrected(SegFixture.uid()).liver(1).bytes();
        Answer scored = send(
                token("south", Role.SUBMIT),
                "POST",
                "/api/v1/evaluations",
                Api.form(List.of(Api.Part.bytes("prediction", one), Api.Part.bytes("reference", two))),
                "Content-Type",
                "multipart/form-data; boundary=segmeter-test-boundary",
                "Prefer",
                "wait=60");
        assertThat(scored.status()).as(scored.text()).isEqualTo(200);
        String evaluation = scored.json().path("id").asString();
        List<String> digests = List.of(sha256(one), sha256(two));
        String byDigest = "{\"readers\":[{\"sha256\":\"%s\"},{\"sha256\":\"%s\"}]}".formatted(digests.toArray());
        String byEvaluation =
                "{\"readers\":[{\"evaluation\":\"%1$s\",\"side\":\"prediction\"},{\"evaluation\":\"%1$s\",\"side\":\"reference\"}]}"
                        .formatted(evaluation);
        String commitment = """
            {"00081199": {"vr": "SQ", "Value": [{"00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.66.4"]},
              "00081155": {"vr": "UI", "Value": ["%s"]}}]}}\
            """.formatted(south.instance());
        // Its own user sees all of it.
        String its = token("south", Role.ADMINISTER);
        for (String body : List.of(byDigest, byEvaluation)) {
            assertThat(json(its, "/api/v1/consensus", body).status()).isEqualTo(200);
            Answer other = json(all, "/api/v1/consensus", body);
            assertThat(other.status()).as(other.text()).isEqualTo(422);
        }
        String commit = "/dicom-web/commitment-requests/";
        assertThat(json(its, commit + SegFixture.uid(), commitment).text()).doesNotContain("00081198");
        assertThat(json(all, commit + SegFixture.uid(), commitment)
                        .json()
                        .at("/00081198/Value/0/00081197/Value/0")
                        .intValue())
                .isEqualTo(0x0112);
        for (String query : List.of(
                "/dicom-web/instances?SOPInstanceUID=" + south.instance(),
                "/dicom-web/series?SeriesInstanceUID=" + south.series(),
                "/dicom-web/studies?StudyInstanceUID=" + south.study())) {
            assertThat(send(its, "GET", query).status()).as(query).isEqualTo(200);
            assertThat(send(all, "GET", query).status()).as(query).isEqualTo(204);
        }
        for (String query : List.of(
                "/api/v1/pairs?study=" + south.study(),
                "/api/v1/evaluations?case=case-of-south",
                "/api/v1/results?case=case-of-south",
                "/fhir/Observation?identifier=urn:uuid:" + evaluation)) {
            String mine = send(its, "GET", query).text();
            String others = send(all, "GET", query).text();
            assertThat(mine).as(query).hasSizeGreaterThan(others.length());
            assertThat(others)
                    .as(query)
                    .doesNotContain(south.instance(), "\"caseId\"", "\"Observation\"", "/api/v1/pairs/" + south.pair());
        }
        for (String subject : List.of("\"study\": \"" + south.study() + "\"", "\"case\": \"case-of-south\"")) {
            Answer erased = json(all, "/api/v1/erasures", "{" + subject + "}");
            assertThat(erased.status()).as(erased.text()).isIn(201, 202);
        }
        assertThat(json(all, "/api/v1/pairs/" + south.pair() + "/resolution", "{\"counterpart\": null}")
                        .status())
                .isEqualTo(404);
        assertThat(json(all, "/api/v1/pairs/" + south.pair() + "/acceptance", "{}")
                        .status())
                .isEqualTo(404);
        assertThat(send(its, "GET", "/dicom-web/studies/" + south.study()).status())
                .as("erased by north")
                .isEqualTo(200);
        assertThat(send(its, "GET", "/api/v1/evaluations/" + south.evaluation()).status())
                .isEqualTo(200);
        assertThat(send(its, "GET", "/api/v1/pairs/" + south.pair())
                        .json()
                        .path("state")
                        .asString())
                .isEqualTo("WAITING");
    }

    @Test
    void aPairThatExpiresIsToldToNoOtherTenant() throws Exception {
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        String east = key("east", "east", Role.ADMINISTER).token();
        Answer stored = send(east, "POST", "/dicom-web/studies", seg.bytes(), "Content-Type", "application/dicom");
        assertThat(stored.status()).as(stored.text()).isEqualTo(200);
        String pair = stored.header("Link").replaceAll(".*(/api/v1/pairs/[0-9a-f-]+).*", "$1");
        service.bean(JdbcClient.class)
                .sql("update pair set created_at = now() - interval '31 days' where study_uid = :study")
                .param("study", seg.study)
                .update();
        ReflectionTestUtils.invokeMethod(service.bean("pairFollower", Object.class), "expire");
        JsonNode expired = send(east, "GET", pair).json();
        assertThat(expired.path("state").asString()).isEqualTo("EXPIRED");
        assertThat(expired.path("history").findValuesAsString("to")).containsExactly("WAITING", "EXPIRED");
        assertThat(service.bean(JdbcClient.class)
                        .sql("select count(*) from delivery d join pair p on p.id = d.pair_id where p.study_uid ="
                                + " :study")
                        .param("study", seg.study)
                        .query(Long.class)
                        .single())
                .as("messages to the installation's own webhook")
                .isZero();
    }

    @Test
    void theHistoryOfAPairSaysByWhichKeyAPersonDecided() throws Exception {
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        ApiKey.Made reviewer = key("east", "reviewer", Role.REVIEW);
        String submit = key("east", "sender", Role.SUBMIT).token();
        String pair = send(submit, "POST", "/dicom-web/studies", seg.bytes(), "Content-Type", "application/dicom")
                .header("Link")
                .replaceAll(".*(/api/v1/pairs/[0-9a-f-]+).*", "$1");
        Answer accepted = json(reviewer.token(), pair + "/acceptance", "{\"by\": \"Dr. A\"}");
        assertThat(accepted.status()).as(accepted.text()).isEqualTo(200);
        assertThat(accepted.json().at("/history/1/reason").asString())
                .isEqualTo("Accepted as it is by Dr. A, key " + reviewer.key().id() + ".");
    }

    private static Answer json(String token, String path, String body) throws Exception {
        return send(token, "POST", path, body.getBytes(StandardCharsets.UTF_8), "Content-Type", "application/json");
    }

    @Test
    void theSameInstanceOfTwoTenantsIsTwo() {
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        DicomWeb pacs = new DicomWeb(service.port());
        for (String tenant : List.of("north", "south")) {
            DicomWeb.Answer stored = pacs.post(
                    "/studies",
                    "multipart/related; type=\"application/dicom\"; boundary=b1",
                    DicomWeb.body("b1", seg.bytes()),
                    "Authorization",
                    "Bearer " + token(tenant, Role.SUBMIT));
            assertThat(stored.status()).as(stored.text()).isEqualTo(200);
        }
    }

    @Test
    void aKeyIsMadeRotatedAndRevoked() throws Exception {
        String admin = token("north", Role.ADMINISTER);
        Answer made = send(
                admin,
                "POST",
                "/api/v1/keys",
                "{\"name\":\"build\",\"roles\":[\"submit\",\"read\"],\"days\":90}".getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "application/json");
        assertThat(made.status()).as(made.text()).isEqualTo(201);
        assertThat(contract.objections(made.exchange(), true)).isEmpty();
        String id = made.json().path("id").asString();
        String key = made.json().path("token").asString();
        assertThat(key).matches("sgm_" + id + "_[A-Za-z0-9_-]{43}");
        Answer session = send(key, "GET", "/api/v1/session");
        assertThat(session.json().path("tenant").asString()).isEqualTo("north");
        assertThat(session.json().path("roles").toString()).isEqualTo("[\"submit\",\"read\"]");
        assertThat(contract.objections(session.exchange(), true)).isEmpty();
        // The database has no secret.
        try (Tenant.Binding ignored = Tenant.bind(null)) {
            assertThat(service.bean(JdbcClient.class)
                            .sql("select row_to_json(k)::text from api_key k where id = :id")
                            .param("id", id)
                            .query(String.class)
                            .single())
                    .doesNotContain(key.substring(17));
        }

        Answer rotated = send(admin, "POST", "/api/v1/keys/" + id + "/rotation");
        assertThat(rotated.status()).as(rotated.text()).isEqualTo(201);
        String second = rotated.json().path("token").asString();
        assertThat(rotated.json().path("replaces").asString()).isEqualTo(id);
        assertThat(send(key, "GET", "/api/v1/evaluations").status())
                .as("the overlap")
                .isEqualTo(200);
        assertThat(send(second, "GET", "/api/v1/evaluations").status()).isEqualTo(200);

        assertThat(send(admin, "DELETE", "/api/v1/keys/" + id).status()).isEqualTo(204);
        assertThat(send(key, "GET", "/api/v1/evaluations").status())
                .as("revoked here")
                .isEqualTo(401);
        // As the command does, or another replica.
        try (Connection connection = service.bean(DataSource.class).getConnection()) {
            assertThat(new KeyTable(connection).revoke(rotated.json().path("id").asString()))
                    .isTrue();
        }
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (send(second, "GET", "/api/v1/evaluations").status() != 401) {
            assertThat(System.nanoTime()).as("revoked elsewhere").isLessThan(end);
            Thread.sleep(100);
        }
        for (String wrong : List.of(
                "{\"name\":\"\",\"roles\":[\"read\"]}",
                "{\"name\":\"x\",\"roles\":[]}",
                "{\"name\":\"x\",\"roles\":[\"root\"]}",
                "{\"name\":\"x\",\"roles\":[\"read\"],\"tenant\":\"south\"}",
                "{\"name\":\"x\",\"roles\":[\"read\"],\"days\":0}")) {
            Answer refused = send(
                    admin,
                    "POST",
                    "/api/v1/keys",
                    wrong.getBytes(StandardCharsets.UTF_8),
                    "Content-Type",
                    "application/json");
            assertThat(refused.status()).as(wrong).isBetween(400, 422);
            assertThat(contract.objections(refused.exchange(), false)).isEmpty();
        }
    }

    @Test
    void aBrowserLogsInWithAKeyAndOut() throws Exception {
        Answer page = send(null, "GET", "/api/v1/evaluations", "Accept", "text/html,*/*");
        assertThat(page.status()).isEqualTo(303);
        assertThat(page.header("Location")).isEqualTo("/login.html");

        byte[] key = ("{\"key\":\"" + token("north", Role.OPERATE) + "\"}").getBytes(StandardCharsets.UTF_8);
        Answer in = send(null, "POST", "/api/v1/session", key, "Content-Type", "application/json");
        assertThat(in.status()).as(in.text()).isEqualTo(204);
        String cookie = in.header("Set-Cookie");
        assertThat(cookie).contains("HttpOnly", "SameSite=Strict", "Path=/").doesNotContain("Secure");
        String session = cookie.substring(0, cookie.indexOf(';'));

        assertThat(send(null, "GET", "/api/v1/evaluations", "Cookie", session).status())
                .isEqualTo(200);
        String path = "/api/v1/evaluations/" + UUID.randomUUID();
        assertThat(send(null, "DELETE", path, "Cookie", session).status())
                .as("not from a page of the service")
                .isEqualTo(403);
        assertThat(send(null, "DELETE", path, "Cookie", session, "X-Segmeter-Page", "1", "Sec-Fetch-Site", "cross-site")
                        .status())
                .isEqualTo(403);
        assertThat(send(null, "DELETE", path, "Cookie", session, "X-Segmeter-Page", "1")
                        .status())
                .isEqualTo(404);
        Answer out = send(null, "DELETE", "/api/v1/session", "Cookie", session, "X-Segmeter-Page", "1");
        assertThat(out.status()).isEqualTo(204);
        assertThat(out.header("Set-Cookie")).contains("Max-Age=0");
        assertThat(send(null, "GET", "/api/v1/evaluations", "Cookie", session).status())
                .isEqualTo(401);
        assertThat(send(
                                null,
                                "POST",
                                "/api/v1/session",
                                "{\"key\":\"guess\"}".getBytes(StandardCharsets.UTF_8),
                                "Content-Type",
                                "application/json")
                        .status())
                .isEqualTo(401);
    }

    @Test
    void sessionsAreSeenByTheirKeyAndCanBeEndedOneByOne() throws Exception {
        String one = key("east", "one", Role.REVIEW).token();
        String other = key("east", "other", Role.REVIEW).token();
        String admin = key("east", "admin", Role.ADMINISTER).token();
        String first = session(one, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        String second = session(one, "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36");
        String third = session(one, "<script>alert(1)</script>");
        String foreign = session(other, "curl/8");

        Answer seen = send(null, "GET", "/api/v1/sessions", "Cookie", first);
        assertThat(contract.objections(seen.exchange(), true)).isEmpty();
        List<JsonNode> list = seen.json().path("sessions").valueStream().toList();
        assertThat(list)
                .extracting(session -> session.path("browser").asString())
                .containsExactly("another browser on another system", "Chrome on Windows", "Firefox on Linux");
        assertThat(list)
                .extracting(session -> session.path("current").asBoolean())
                .containsExactly(false, false, true);
        assertThat(list).allSatisfy(session -> {
            Instant ends = Instant.parse(session.path("expiresAt").asString());
            Instant used = Instant.parse(session.path("lastUsedAt").asString());
            assertThat(Duration.between(used, ends)).isEqualTo(Duration.ofHours(1));
        });
        assertThat(seen.text()).doesNotContain(first.substring(first.indexOf('=') + 1), "script");
        assertThat(send(one, "GET", "/api/v1/sessions").json().path("sessions").size())
                .as("by the key itself")
                .isEqualTo(3);
        assertThat(send(admin, "GET", "/api/v1/sessions")
                        .json()
                        .path("sessions")
                        .size())
                .isEqualTo(4);
        assertThat(send(token("north", Role.ADMINISTER), "GET", "/api/v1/sessions")
                        .json()
                        .path("sessions")
                        .size())
                .as("in another tenant")
                .isZero();
        assertThat(send(null, "GET", "/api/v1/sessions").status()).isEqualTo(401);

        String path = "/api/v1/sessions/" + list.get(1).path("id").asString();
        for (Answer refused : List.of(
                send(null, "DELETE", path),
                send(null, "DELETE", path, "Cookie", first),
                send(other, "DELETE", path),
                send(token("north", Role.ADMINISTER), "DELETE", path),
                send(one, "DELETE", "/api/v1/sessions/x"))) {
            assertThat(refused.status()).isIn(401, 403, 404);
        }
        assertThat(send(null, "GET", "/api/v1/evaluations", "Cookie", second).status())
                .isEqualTo(200);
        Answer ended = send(null, "DELETE", path, "Cookie", first, "X-Segmeter-Page", "1");
        assertThat(ended.status()).isEqualTo(204);
        assertThat(send(null, "GET", "/api/v1/evaluations", "Cookie", second).status())
                .isEqualTo(401);
        assertThat(send(null, "DELETE", "/api/v1/sessions", "Cookie", first, "X-Segmeter-Page", "1")
                        .status())
                .isEqualTo(204);
        assertThat(send(null, "GET", "/api/v1/evaluations", "Cookie", third).status())
                .isEqualTo(401);
        assertThat(send(null, "GET", "/api/v1/evaluations", "Cookie", first).status())
                .isEqualTo(200);
        String last = send(other, "GET", "/api/v1/sessions")
                .json()
                .at("/sessions/0/id")
                .asString();
        assertThat(send(admin, "DELETE", "/api/v1/sessions/" + last).status())
                .as("by who administers the tenant")
                .isEqualTo(204);
        assertThat(send(null, "GET", "/api/v1/evaluations", "Cookie", foreign).status())
                .isEqualTo(401);
    }

    @Test
    void aSessionThatIsNotUsedEndsBeforeItsTimeAndOneThatIsUsedDoesNot() throws Exception {
        String key = key("west", "idle", Role.READ).token();
        String used = session(key, "Firefox/1 Linux");
        String idle = session(key, "Firefox/1 Linux");
        used(used, Duration.ofMinutes(59));
        used(idle, Duration.ofMinutes(61));
        await(
                "the idle one is over",
                () -> send(null, "GET", "/api/v1/evaluations", "Cookie", idle).status() == 401);
        assertThat(send(key, "GET", "/api/v1/sessions").json().path("sessions").size())
                .isEqualTo(1);
        // What was used after 59 minutes has an hour again.
        await("the other was used", () -> {
            assertThat(send(null, "GET", "/api/v1/evaluations", "Cookie", used).status())
                    .isEqualTo(200);
            return Instant.parse(send(key, "GET", "/api/v1/sessions")
                            .json()
                            .at("/sessions/0/lastUsedAt")
                            .asString())
                    .isAfter(Instant.now().minusSeconds(60));
        });
    }

    /** The cookie of a new session, as it is sent back. */
    private static String session(String key, String browser) throws Exception {
        Answer in = send(
                null,
                "POST",
                "/api/v1/session",
                ("{\"key\":\"" + key + "\"}").getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "application/json",
                "User-Agent",
                browser);
        assertThat(in.status()).isEqualTo(204);
        String cookie = in.header("Set-Cookie");
        return cookie.substring(0, cookie.indexOf(';'));
    }

    private static void used(String cookie, Duration ago) {
        try (Tenant.Binding ignored = Tenant.bind(null)) {
            assertThat(service.bean(JdbcClient.class)
                            .sql("update browser_session set last_used_at = now() - make_interval(secs => :ago)"
                                    + " where token_sha256 = encode(sha256(convert_to(:token, 'UTF8')), 'hex')")
                            .param("ago", (double) ago.toSeconds())
                            .param("token", cookie.substring(cookie.indexOf('=') + 1))
                            .update())
                    .isOne();
        }
    }

    private static void await(String what, java.util.concurrent.Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.sleep(100);
        }
    }

    @Test
    void everyCallerIsToldHowManyRequestsAreLeft() throws Exception {
        String key = key("west", "busy", Role.READ).token();
        Answer answer = send(key, "GET", "/api/v1/session");
        assertThat(answer.header("RateLimit-Policy"))
                .isEqualTo("\"requests\";q=" + REQUESTS_PER_MINUTE + ";w=60, \"bytes\";q=" + (64L << 30)
                        + ";qu=\"content-bytes\";w=60");
        assertThat(answer.header("RateLimit")).matches("\"requests\";r=\\d+;t=0, \"bytes\";r=\\d+;t=0");
    }

    @Test
    void everyClassOfAnswerHasItsHeaders() throws Exception {
        Things things = THINGS.get("north");
        String reader = token("north", Role.READ);
        String card = "/api/v1/evaluations/" + things.evaluation() + "/scorecard";
        String etag = send(reader, "GET", card).header("ETag");
        Map<String, Answer> answers = new LinkedHashMap<>();
        answers.put("200", send(reader, "GET", card));
        answers.put("200 page", send(null, "GET", "/"));
        answers.put("200 streamed", send(reader, "GET", "/api/v1/evaluations/" + things.evaluation() + "/events"));
        String reviewer = token("north", Role.REVIEW);
        answers.put("200 instance", send(reviewer, "GET", "/dicom-web/studies/" + things.study()));
        answers.put("200 actuator", send(null, "GET", "/actuator/health"));
        answers.put("200 probe", send(null, "GET", "/livez"));
        answers.put(
                "204",
                send(
                        token("north", Role.ADMINISTER),
                        "DELETE",
                        "/api/v1/keys/" + key("north", "x", Role.READ).key().id()));
        answers.put("303", send(null, "GET", "/api/v1/evaluations", "Accept", "text/html"));
        answers.put("304", send(reader, "GET", card, "If-None-Match", etag));
        answers.put("400", send(reader, "GET", "/api/v1/evaluations?limit=x"));
        answers.put("400 firewall", send(reader, "GET", "/api//v1/evaluations;x=y"));
        answers.put("400 firewall page", send(reader, "GET", "/no//such.html"));
        answers.put("401", send(null, "GET", card));
        answers.put("403", send(reader, "DELETE", card.replace("/scorecard", "")));
        answers.put("404", send(reader, "GET", "/api/v1/evaluations/" + UUID.randomUUID()));
        answers.put("404 page", send(null, "GET", "/no-such-page.html"));
        answers.put("405", send(reader, "PUT", card));
        answers.put("406", send(reviewer, "GET", "/dicom-web/studies/" + things.study(), "Accept", "image/gif"));
        answers.put(
                "413",
                send(
                        token("north", Role.SUBMIT),
                        "POST",
                        "/api/v1/evaluations",
                        Api.form(List.of(
                                Api.Part.bytes("prediction", new byte[1_200_000]),
                                Api.Part.bytes("reference", new byte[1]))),
                        "Content-Type",
                        "multipart/form-data; boundary=segmeter-test-boundary"));
        answers.put("415", send(token("north", Role.SUBMIT), "POST", "/api/v1/evaluations"));
        answers.forEach((what, answer) -> {
            assertThat(String.valueOf(answer.status())).as(what).isEqualTo(what.substring(0, 3));
            SafeHeaders.areIn(what, answer::header);
            assertThat(answer.headers().firstValue("Strict-Transport-Security"))
                    .as(what)
                    .isEmpty();
            assertThat(answer.headers().firstValue("Server")).as(what).isEmpty();
            assertThat(answer.headers().map().keySet())
                    .as(what)
                    .noneMatch(name -> name.toLowerCase(java.util.Locale.ROOT).startsWith("access-control")
                            || name.equalsIgnoreCase("x-powered-by"));
            if (!what.contains("page")) {
                assertThat(answer.header("Cache-Control")).as(what).containsAnyOf("no-store", "private");
            }
            if (answer.status() >= 400) {
                assertThat(answer.header("Content-Type")).as(what).startsWith("application/problem+json");
                assertThat(answer.text())
                        .as(what)
                        .doesNotContain("Exception", "org.segmeter", "at java", "Tomcat", "spring");
            }
        });
        // No other origin is told anything (CORS), and nothing is traced.
        assertThat(send(reader, "GET", card, "Origin", "https://evil.example")
                        .headers()
                        .firstValue("Access-Control-Allow-Origin"))
                .isEmpty();
        assertThat(send(reader, "TRACE", card).status()).isIn(400, 405);
    }

    @Test
    void tokensOfTheIssuerAreBelievedWhateverTheirAlgorithm() throws Exception {
        JWTClaimsSet claims = issuer.claims("north", "read", "unknown").build();
        for (String token : List.of(issuer.token(claims), issuer.elliptic(claims), issuer.edwards(claims))) {
            Answer answer = send(
                    token, "GET", "/api/v1/evaluations/" + THINGS.get("north").evaluation());
            assertThat(answer.status()).as(answer.text()).isEqualTo(200);
            assertThat(send(
                                    token,
                                    "GET",
                                    "/api/v1/evaluations/" + THINGS.get("south").evaluation())
                            .status())
                    .isEqualTo(404);
            assertThat(send(token, "GET", "/api/v1/keys").status()).isEqualTo(403);
        }
        // Clocks may differ by a minute.
        JWTClaimsSet early = new JWTClaimsSet.Builder(claims)
                .notBeforeTime(Date.from(Instant.now().plusSeconds(40)))
                .build();
        assertThat(send(issuer.token(early), "GET", "/api/v1/evaluations").status())
                .isEqualTo(200);
        assertThat(issuer.requests()).as("keys are kept").isLessThan(8);
    }

    @Test
    void everyBadTokenIsRefusedAlike() throws Exception {
        Map<String, String> tokens = badTokens();
        List<String> wrong = new ArrayList<>();
        Set<String> bodies = new java.util.TreeSet<>();
        for (Map.Entry<String, String> bad : tokens.entrySet()) {
            Answer answer = send(bad.getValue(), "GET", "/api/v1/evaluations");
            if (answer.status() != 401
                    || !answer.header("WWW-Authenticate").equals("Bearer realm=\"segmeter\", error=\"invalid_token\"")
                    || !answer.header("Content-Type").equals("application/problem+json")) {
                wrong.add(bad.getKey() + ": " + answer.status() + " " + answer.text());
            }
            bodies.add(answer.text());
        }
        System.out.println("bad tokens refused: " + (tokens.size() - wrong.size()) + " of " + tokens.size());
        assertThat(wrong).isEmpty();
        assertThat(tokens).hasSizeGreaterThanOrEqualTo(40);
        assertThat(bodies).as("no answer tells why").hasSize(1);
        assertThat(issuer.led()).as("requests to where a token led").isZero();
        for (List<String> headers : List.of(
                List.of("Authorization", "Basic bm9ydGg6c2VjcmV0"),
                List.of("Authorization", "Bearer"),
                List.of("Authorization", FIRST_KEY),
                List.of("Authorization", "Digest " + FIRST_KEY))) {
            assertThat(send(null, "GET", "/api/v1/evaluations", headers.toArray(String[]::new))
                            .status())
                    .as(headers.toString())
                    .isEqualTo(401);
        }
        assertThat(send(null, "GET", "/api/v1/evaluations?access_token=" + FIRST_KEY)
                        .status())
                .as("a key in an address")
                .isEqualTo(401);
    }

    private static Map<String, String> badTokens() throws Exception {
        Map<String, String> bad = new LinkedHashMap<>();
        JWTClaimsSet good = issuer.claims("north", "administer").build();
        String fine = issuer.token(good);
        assertThat(send(fine, "GET", "/api/v1/evaluations").status())
                .as("the good one")
                .isEqualTo(200);
        String[] parts = fine.split("\\.", -1);
        String head = new String(new Base64URL(parts[0]).decode(), StandardCharsets.UTF_8);
        String body = new String(new Base64URL(parts[1]).decode(), StandardCharsets.UTF_8);
        Date now = new Date();

        bad.put("alg none, no signature", Base64URL.encode(head.replace("RS256", "none")) + "." + parts[1] + ".");
        bad.put(
                "alg none, the old signature",
                Base64URL.encode(head.replace("RS256", "none")) + "." + parts[1] + "." + parts[2]);
        bad.put("alg NoNe", Base64URL.encode(head.replace("RS256", "NoNe")) + "." + parts[1] + ".");
        bad.put(
                "HS256 with the public key as secret",
                mac(issuer.rsa.toPublicKey().getEncoded(), "rsa-1", good));
        bad.put(
                "HS256 with the JWK as secret",
                mac(issuer.rsa.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8), "rsa-1", good));
        bad.put("HS256 with an empty kid", mac(new byte[32], "", good));
        bad.put("RS384", issuer.token(Issuer.header(JWSAlgorithm.RS384, "rsa-1").build(), good));
        bad.put("RS512", issuer.token(Issuer.header(JWSAlgorithm.RS512, "rsa-1").build(), good));
        bad.put("PS256", issuer.token(Issuer.header(JWSAlgorithm.PS256, "rsa-1").build(), good));
        bad.put(
                "RS256 said to be ES256",
                Base64URL.encode(head.replace("RS256", "ES256")) + "." + parts[1] + "." + parts[2]);
        bad.put(
                "RS256 said to be EdDSA",
                Base64URL.encode(head.replace("RS256", "EdDSA").replace("rsa-1", "ed-1")) + "." + parts[1] + "."
                        + parts[2]);
        bad.put(
                "a stranger's key of the same id",
                Issuer.signed(
                        issuer.stranger,
                        Issuer.header(JWSAlgorithm.RS256, "rsa-1").build(),
                        good));
        bad.put(
                "an unknown key id",
                issuer.token(Issuer.header(JWSAlgorithm.RS256, "rsa-9").build(), good));
        bad.put(
                "a key id that is a path",
                issuer.token(
                        Issuer.header(JWSAlgorithm.RS256, "../../../../etc/passwd")
                                .build(),
                        good));
        bad.put(
                "a key id that is SQL",
                issuer.token(Issuer.header(JWSAlgorithm.RS256, "' or 1=1 --").build(), good));
        bad.put(
                "no key id",
                issuer.token(
                        new JWSHeader.Builder(JWSAlgorithm.RS256)
                                .type(new JOSEObjectType("at+jwt"))
                                .build(),
                        good));
        bad.put(
                "jku",
                issuer.token(
                        Issuer.header(JWSAlgorithm.RS256, "rsa-1")
                                .jwkURL(URI.create(issuer.url() + "/led"))
                                .build(),
                        good));
        bad.put(
                "jku, signed by its key",
                Issuer.signed(
                        issuer.stranger,
                        Issuer.header(JWSAlgorithm.RS256, "rsa-1")
                                .jwkURL(URI.create(issuer.url() + "/led"))
                                .build(),
                        good));
        bad.put(
                "x5u",
                issuer.token(
                        Issuer.header(JWSAlgorithm.RS256, "rsa-1")
                                .x509CertURL(URI.create(issuer.url() + "/led"))
                                .build(),
                        good));
        bad.put(
                "jwk, signed by it",
                Issuer.signed(
                        issuer.stranger,
                        Issuer.header(JWSAlgorithm.RS256, "rsa-1")
                                .jwk(issuer.stranger.toPublicJWK())
                                .build(),
                        good));
        bad.put("x5c", issuer.raw(head.replace("{", "{\"x5c\":[\"MIIB\"],"), body));
        bad.put("crit", issuer.raw(head.replace("{", "{\"crit\":[\"exp\"],\"exp\":1,"), body));
        bad.put("b64", issuer.raw(head.replace("{", "{\"b64\":false,"), body));
        bad.put(
                "typ JWT",
                issuer.token(
                        Issuer.header(JWSAlgorithm.RS256, "rsa-1")
                                .type(JOSEObjectType.JWT)
                                .build(),
                        good));
        bad.put(
                "typ of an id token",
                issuer.token(
                        Issuer.header(JWSAlgorithm.RS256, "rsa-1")
                                .type(new JOSEObjectType("id+jwt"))
                                .build(),
                        good));
        bad.put(
                "no typ",
                issuer.token(
                        new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("rsa-1").build(), good));
        bad.put(
                "expired",
                issuer.token(new JWTClaimsSet.Builder(good)
                        .expirationTime(new Date(now.getTime() - 90_000))
                        .build()));
        bad.put(
                "no exp",
                issuer.token(new JWTClaimsSet.Builder(good).expirationTime(null).build()));
        bad.put(
                "not valid yet",
                issuer.token(new JWTClaimsSet.Builder(good)
                        .notBeforeTime(new Date(now.getTime() + 120_000))
                        .build()));
        bad.put(
                "issued in the future",
                issuer.token(new JWTClaimsSet.Builder(good)
                        .issueTime(new Date(now.getTime() + 120_000))
                        .build()));
        bad.put(
                "another audience",
                issuer.token(
                        new JWTClaimsSet.Builder(good).audience("someone-else").build()));
        bad.put(
                "no audience",
                issuer.token(
                        new JWTClaimsSet.Builder(good).audience((String) null).build()));
        bad.put(
                "another issuer",
                issuer.token(new JWTClaimsSet.Builder(good)
                        .issuer("https://evil.example")
                        .build()));
        bad.put(
                "the issuer with a slash more",
                issuer.token(new JWTClaimsSet.Builder(good)
                        .issuer(issuer.url() + "/")
                        .build()));
        bad.put(
                "no issuer",
                issuer.token(new JWTClaimsSet.Builder(good).issuer(null).build()));
        bad.put(
                "no subject",
                issuer.token(new JWTClaimsSet.Builder(good).subject(null).build()));
        bad.put(
                "a subject with a line feed",
                issuer.token(
                        new JWTClaimsSet.Builder(good).subject("jane\nroot").build()));
        bad.put(
                "no tenant",
                issuer.token(
                        new JWTClaimsSet.Builder(good).claim("tenant", null).build()));
        bad.put(
                "a tenant that is a path",
                issuer.token(new JWTClaimsSet.Builder(good)
                        .claim("tenant", "../south")
                        .build()));
        bad.put(
                "two tenants",
                issuer.token(new JWTClaimsSet.Builder(good)
                        .claim("tenant", List.of("north", "south"))
                        .build()));
        bad.put("a claim twice", issuer.raw(head, body.replace("{", "{\"tenant\":\"south\",")));
        bad.put("a header parameter twice", issuer.raw(head.replace("{", "{\"alg\":\"none\","), body));
        bad.put("claims that are no object", issuer.raw(head, "[1]"));
        bad.put("claims that are no JSON", issuer.raw(head, "{\"sub\":"));
        bad.put("deep claims", issuer.raw(head, "{\"a\":".repeat(500) + "1" + "}".repeat(500)));
        bad.put("huge", fine + "A".repeat(7000 - fine.length()));
        bad.put("a changed claim", parts[0] + "." + Base64URL.encode(body.replace("north", "south")) + "." + parts[2]);
        bad.put("a cut signature", fine.substring(0, fine.length() - 8));
        bad.put("no signature", parts[0] + "." + parts[1]);
        bad.put("five parts", fine + ".a.b");
        bad.put("garbage", "%%%%");
        bad.put("dots", "..");
        String key = token("north", Role.READ);
        bad.put("a key with another secret", key.substring(0, key.length() - 5) + "AAAAA");
        bad.put("a key with another id", "sgm_000000000000" + key.substring(16));
        bad.put("half a key", key.substring(0, 30));
        bad.put("the first key in capitals", FIRST_KEY.toUpperCase(java.util.Locale.ROOT));
        bad.put("a digest of a key", sha256(key));
        ApiKey.Made revoked = key("north", "revoked", Role.READ);
        ApiKey.Made expired = key("north", "expired", Role.READ);
        try (Tenant.Binding ignored = Tenant.bind("north")) {
            service.bean(ApiKeys.class).revoke(revoked.key().id());
            service.bean(JdbcClient.class)
                    .sql("update api_key set expires_at = now() - interval '1 second' where id = :id")
                    .param("id", expired.key().id())
                    .update();
        }
        bad.put("a revoked key", revoked.token());
        bad.put("an expired key", expired.token());
        return bad;
    }

    private static String mac(byte[] secret, String kid, JWTClaimsSet claims) throws Exception {
        SignedJWT jwt = new SignedJWT(Issuer.header(JWSAlgorithm.HS256, kid).build(), claims);
        jwt.sign(new MACSigner(secret));
        return jwt.serialize();
    }

    private static String sha256(String text) throws Exception {
        return sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String sha256(byte[] content) throws Exception {
        return java.util.HexFormat.of()
                .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(content));
    }
}
