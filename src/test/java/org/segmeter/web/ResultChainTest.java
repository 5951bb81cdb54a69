package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.cli.CommandLineTool;
import org.segmeter.evaluation.ResultChain;
import org.springframework.boot.flyway.autoconfigure.FlywayConnectionDetails;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** A result cannot be changed by the service, and whoever changes it otherwise is found out. */
class ResultChainTest {

    @TempDir
    private static Path directory;

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        service = Service.start(directory);
        api = service.api();
    }

    @AfterAll
    static void stop() {
        service.stop();
    }

    @Test
    void aResultIsLinkedAndEverythingOfItVerified() throws Exception {
        String location = scored();
        JsonNode report = linked(location);
        assertThat(report.path("verified").asBoolean()).isTrue();
        assertThat(outcomes(report))
                .containsExactly("prediction/1 OK", "reference/1 OK", "scorecard OK", "values OK", "chain OK");
        assertThat(report.at("/link/sha256").asString()).hasSize(64);
        assertThat(api.get("/actuator/info").json().at("/chain/sequence").asLong())
                .isGreaterThanOrEqualTo(report.at("/link/sequence").asLong());
        assertThat(api.wrong("GET", "/api/v1/evaluations/00000000-0000-0000-0000-000000000000/verify")
                        .expect(404)
                        .problem())
                .isEqualTo("evaluation-not-found");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "update scorecard set content = '{}'",
                "delete from scorecard",
                "truncate scorecard cascade",
                "update segment_values set numbers = '{1}'",
                "delete from segment_values",
                "truncate segment_values",
                "update value_place set metric = 'dice'",
                "delete from value_place",
                "truncate value_place",
                "update result_link set at = now()",
                "delete from result_link",
                "truncate result_link",
                "update result_removal set removed_at = now()",
                "delete from result_removal",
                "truncate result_removal",
                "alter table scorecard disable trigger all",
                "drop table result_link",
                "drop trigger scorecard_leaves_tombstone on scorecard",
                "create or replace function refuse_change() returns trigger language sql as ''",
                "set session_replication_role = replica",
                "set role segmeter"
            })
    void theRoleOfTheServiceCannotChangeResults(String statement) throws Exception {
        linked(scored());
        assertThatThrownBy(() -> service.bean(JdbcClient.class).sql(statement).update())
                .rootCause()
                .isInstanceOfSatisfying(
                        SQLException.class,
                        e -> assertThat(e.getSQLState()).isEqualTo("42501")); // insufficient_privilege
    }

    @ParameterizedTest
    @ValueSource(strings = {"scorecard", "segment_values", "value_place", "result_link", "result_removal"})
    void evenTheOwnerIsRefusedUnlessTheTriggersAreSwitchedOff(String table) throws Exception {
        String location = scored();
        linked(location);
        api.delete(scored()).expect(204);
        String column = table.equals("value_place") ? "unit" : table.equals("result_link") ? "kind" : "evaluation_id";
        assertThatThrownBy(() -> asOwner("update " + table + " set " + column + " = " + column))
                .hasMessageContaining("append-only");
        assertThatThrownBy(() -> asOwner("truncate " + table + " cascade")).hasMessageContaining("append-only");
    }

    @Test
    void aRemovedEvaluationLeavesATombstoneThatIsVerified() throws Exception {
        String location = scored();
        String sha256 = api.get(location + "/scorecard").header("ETag").replace("\"", "");
        linked(location);
        api.delete(location).expect(204);
        api.wrong("GET", location).expect(404);
        JsonNode report = await(
                () -> api.get(location + "/verify").expect(200).json(),
                json -> !json.at("/link").isMissingNode());
        assertThat(report.path("verified").asBoolean()).isTrue();
        assertThat(report.path("removedAt").asString()).isNotBlank();
        assertThat(outcomes(report)).containsExactly("scorecard REMOVED", "removal OK", "chain OK");
        assertThat(report.at("/checks/0/expected").asString()).isEqualTo(sha256);
        assertThat(findings()).isEmpty();
        // The tombstone itself cannot be lost unseen.
        tamper("delete from result_removal where evaluation_id = '%s'".formatted(id(location)));
        assertThat(findings()).anySatisfy(line -> assertThat(line).contains(id(location)));
        tamper("insert into result_removal (evaluation_id, scorecard_sha256) values ('%s', '%s')"
                .formatted(id(location), sha256));
        assertThat(findings()).isEmpty();
        // Nor can one be made up that was never linked.
        String never = "00000000-0000-4000-8000-000000000000";
        tamper(("insert into result_removal (evaluation_id, scorecard_sha256, removed_at) values ('%s', '%s',"
                        + " now() - interval '1 day')")
                .formatted(never, sha256));
        assertThat(findings()).singleElement().asString().contains(never).contains("not in the chain");
        tamper("delete from result_removal where evaluation_id = '%s'".formatted(never));
    }

    @Test
    void whatIsChangedBehindTheServiceIsNamed() throws Exception {
        String location = scored();
        linked(location);
        String id = id(location);
        assertThat(findings()).isEmpty();
        changed(location, "scorecard", "update scorecard set content = content || ' ' where evaluation_id = '%s'", id);
        assertThat(findings()).singleElement().asString().contains(id).contains("not the one that was stored");
        tamper("update scorecard set content = rtrim(content) where evaluation_id = '%s'".formatted(id));
        changed(
                location,
                "values",
                "update segment_values set numbers[1] = -numbers[1] where evaluation_id = '%s' and segment_index = 0",
                id);
        tamper("update segment_values set numbers[1] = -numbers[1] where evaluation_id = '%s' and segment_index = 0"
                .formatted(id));
        // Content and digest changed together: only the chain knows.
        tamper(("update scorecard set content = content || ' ', sha256 = encode(sha256(convert_to(content || ' ',"
                        + " 'UTF8')), 'hex') where evaluation_id = '%s'")
                .formatted(id));
        assertThat(failed(location)).containsExactly("chain");
        assertThat(findings()).singleElement().asString().contains(id);
        tamper(("update scorecard set content = rtrim(content), sha256 = encode(sha256(convert_to(rtrim(content),"
                        + " 'UTF8')), 'hex') where evaluation_id = '%s'")
                .formatted(id));
        changed(
                location,
                "chain",
                "update result_link set at = at + interval '1 second' where evaluation_id = '%s'",
                id);
        assertThat(findings()).singleElement().asString().contains("not what its SHA-256 says");
        tamper("update result_link set at = at - interval '1 second' where evaluation_id = '%s'".formatted(id));
        assertThat(failed(location)).isEmpty();
        assertThat(findings()).isEmpty();
    }

    /** {@code -Dsegmeter.flips=1000} for more. */
    @Test
    void everyFlippedByteOfAStoredFileIsFound() throws Exception {
        int flips = Integer.getInteger("segmeter.flips", 10);
        long seed = Long.getLong("segmeter.seed", System.nanoTime());
        System.out.println("ResultChainTest: -Dsegmeter.seed=" + seed + " -Dsegmeter.flips=" + flips);
        Random random = new Random(seed);
        String location = scored();
        List<Path> files = new ArrayList<>();
        for (String side : List.of("prediction", "reference")) {
            String sha256 =
                    api.get(location).json().at("/inputs/" + side + "/0/sha256").asString();
            files.add(directory.resolve("blobs/" + sha256.substring(0, 2) + "/" + sha256.substring(2)));
        }
        int found = 0;
        for (int i = 0; i < flips; i++) {
            int side = random.nextInt(2);
            byte[] whole = Files.readAllBytes(files.get(side));
            byte[] flipped = whole.clone();
            flipped[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(files.get(side), flipped, StandardOpenOption.WRITE);
            found += failed(location).equals(List.of(side == 0 ? "prediction/1" : "reference/1")) ? 1 : 0;
            Files.write(files.get(side), whole, StandardOpenOption.WRITE);
        }
        System.out.printf("ResultChainTest: %d bits flipped, %d found%n", flips, found);
        assertThat(found).isEqualTo(flips);
        Files.delete(files.getFirst());
        assertThat(failed(location)).containsExactly("prediction/1");
    }

    @Test
    void linksThatAreTakenOutAreMissed() throws Exception {
        String first = scored();
        linked(first);
        linked(scored());
        String row = "where evaluation_id = '%s'".formatted(id(first));
        // The service would link the result anew within a second: nobody links while another has this lock.
        try (Connection other = owner();
                Statement lock = other.createStatement()) {
            lock.execute("select pg_advisory_lock(" + ResultChain.LOCK + ")");
            asOwner("create table kept as select * from result_link " + row);
            tamper("delete from result_link " + row);
            assertThat(findings())
                    .anyMatch(line -> line.contains("missing"))
                    .anyMatch(line -> line.contains("does not follow"));
            assertThat(verified()).contains("of the chain are missing");
            tamper("insert into result_link select * from kept");
            asOwner("drop table kept");
        }
        assertThat(findings()).isEmpty();
    }

    /** What the command says of the whole installation. */
    private static String verified() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream both = new PrintStream(out, true, StandardCharsets.UTF_8);
        int status = CommandLineTool.run(new String[] {"verify", "--data-directory", directory.toString()}, both, both);
        assertThat(status).isNotZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    private static void changed(String location, String part, String statement, String id) throws Exception {
        tamper(statement.formatted(id));
        assertThat(failed(location)).containsExactly(part);
    }

    private static List<String> failed(String location) {
        JsonNode report = api.get(location + "/verify").expect(200).json();
        List<String> failed = outcomes(report).stream()
                .filter(line -> line.endsWith(" FAILED"))
                .map(line -> line.replace(" FAILED", ""))
                .toList();
        assertThat(report.path("verified").asBoolean()).isEqualTo(failed.isEmpty());
        return failed;
    }

    private static List<String> outcomes(JsonNode report) {
        return Stream.iterate(0, i -> i + 1)
                .limit(report.path("checks").size())
                .map(i -> report.path("checks").get(i))
                .map(check -> check.path("part").asString() + " "
                        + check.path("outcome").asString())
                .toList();
    }

    private static String scored() throws Exception {
        return api.post(Api.pair(""), "Prefer", "wait=30").expect(200).header("Location");
    }

    private static JsonNode linked(String location) throws Exception {
        return await(
                () -> api.get(location + "/verify").expect(200).json(),
                json -> !json.at("/link").isMissingNode());
    }

    private static String id(String location) {
        return location.substring(location.lastIndexOf('/') + 1);
    }

    private static List<String> findings() throws SQLException {
        try (Connection connection = owner()) {
            connection.setAutoCommit(false);
            return ResultChain.findings(connection);
        }
    }

    private static Connection owner() throws SQLException {
        FlywayConnectionDetails owner = service.bean(FlywayConnectionDetails.class);
        return DriverManager.getConnection(owner.getJdbcUrl(), owner.getUsername(), owner.getPassword());
    }

    private static void asOwner(String statement) throws SQLException {
        try (Connection connection = owner();
                Statement sql = connection.createStatement()) {
            sql.execute(statement);
        }
    }

    /** As somebody does who has the server: no trigger stops it. */
    private static void tamper(String statement) throws SQLException {
        try (Connection connection = owner();
                Statement sql = connection.createStatement()) {
            sql.execute("set session_replication_role = replica");
            assertThat(sql.executeUpdate(statement)).as(statement).isPositive();
        }
    }

    private static <T> T await(java.util.concurrent.Callable<T> look, java.util.function.Predicate<T> enough)
            throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        T seen = look.call();
        while (!enough.test(seen)) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(50);
            seen = look.call();
        }
        return seen;
    }
}
