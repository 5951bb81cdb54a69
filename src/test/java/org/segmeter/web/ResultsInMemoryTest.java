package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.segmeter.analytics.Dimension;
import org.segmeter.analytics.ResultFilter;
import org.segmeter.analytics.ResultViews;
import org.segmeter.metric.Rounds;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** What is answered from memory is what the database would have said at that moment. */
@DisplayName("Results in memory")
class ResultsInMemoryTest {

    private static final List<String> METRICS = List.of("nsd", "precision", "tp", "fp", "fn");
    private static final List<String> STRUCTURES = List.of("Liver", "Left kidney", "#2", "*");
    private static final List<String> STATES = List.of(
            "OK", "OK", "OK", "PREDICTION_EMPTY", "REFERENCE_EMPTY", "BOTH_EMPTY", "NOT_APPLICABLE", "NOT_SCORED");
    private static final List<Dimension> DIMENSIONS = List.of(
            Dimension.MODEL,
            Dimension.VERSION,
            Dimension.SITE,
            Dimension.SCANNER,
            Dimension.READER,
            Dimension.STRUCTURE,
            Dimension.PROTOCOL,
            Dimension.DAY,
            Dimension.WEEK,
            Dimension.MONTH);

    private static Service service;
    private static ResultViews views;
    private static ScoredCases cases;

    private final long seed = Long.getLong("segmeter.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @BeforeAll
    static void start() throws Exception {
        service = Service.shared();
        views = new ResultViews(service.bean("valueRows", Object.class), service.bean("resultColumns", Object.class));
        cases = new ScoredCases(service.bean(JdbcClient.class));
    }

    private UUID scored(ScoredCases place) {
        List<ScoredCases.Value> values = new ArrayList<>();
        for (int index = -1; index < 4; index++) {
            String label =
                    index < 0 || random.nextInt(4) == 0 ? null : STRUCTURES.get(random.nextInt(STRUCTURES.size()));
            for (String metric : METRICS) {
                int parameters = metric.equals("nsd") ? 2 : 1;
                for (int p = 0; p < parameters; p++) {
                    String state = STATES.get(random.nextInt(STATES.size()));
                    values.add(new ScoredCases.Value(
                            index,
                            label,
                            metric,
                            metric.equals("nsd") ? "{\"toleranceMm\":" + (p + 1) + ".0}" : "{}",
                            random.nextInt(5) == 0 ? null : (Double) (double) random.nextInt(1000),
                            state));
                }
            }
        }
        String version = random.nextInt(4) == 0 ? null : Integer.toString(random.nextInt(2));
        return place.scored(
                "memory-" + random.nextInt(3),
                version,
                "case",
                random.nextBoolean() ? "north" : "south",
                random.nextBoolean() ? Map.of() : Map.of("scanner", "S" + random.nextInt(2), "reader", "R"),
                // The turn of a year has a week of two months and of two years.
                Instant.parse("2024-12-20T00:00:00Z").plus(Duration.ofMinutes(random.nextInt(30 * 24 * 60))),
                values);
    }

    private ResultFilter filter() {
        Map<Dimension, String> equal = new EnumMap<>(Dimension.class);
        if (random.nextInt(3) > 0) {
            equal.put(Dimension.MODEL, "memory-" + random.nextInt(4));
        }
        if (random.nextInt(3) == 0) {
            equal.put(Dimension.VERSION, "1");
        }
        if (random.nextInt(4) == 0) {
            equal.put(Dimension.SCANNER, "S1");
        }
        if (random.nextInt(2) == 0) {
            equal.put(Dimension.STRUCTURE, STRUCTURES.get(random.nextInt(STRUCTURES.size())));
        }
        String metric = METRICS.get(random.nextInt(2));
        String parameters = metric.equals("nsd") && random.nextBoolean() ? "{\"toleranceMm\": 1}" : null;
        Instant from = random.nextInt(3) > 0 ? null : Instant.parse("2024-12-28T07:00:00Z");
        Instant to = random.nextInt(3) > 0 ? null : Instant.parse("2025-01-09T00:00:00.123456Z");
        return new ResultFilter(equal, metric, parameters, from, to, null, null);
    }

    private List<Dimension> by() {
        List<Dimension> by = new ArrayList<>(DIMENSIONS);
        java.util.Collections.shuffle(by, random);
        return List.copyOf(by.subList(0, random.nextInt(5)));
    }

    private static List<String> inMemory(ResultFilter filter, List<Dimension> by) throws InterruptedException {
        for (int i = 0; i < 1000; i++) {
            @Nullable List<String> known = views.inMemory(filter, by).orElse(null);
            if (known != null) {
                return known;
            }
            Thread.sleep(20); // it is being read
        }
        throw new AssertionError("never read into memory");
    }

    private void theSameAsInTheDatabase(String when, int questions) throws InterruptedException {
        int groups = 0;
        for (int i = 0; i < questions; i++) {
            ResultFilter filter = filter();
            List<Dimension> by = by();
            List<String> expected = views.ofTheDatabase(filter, by);
            assertThat(inMemory(filter, by))
                    .as("%s, seed %d: %s by %s", when, seed, filter, by)
                    .isEqualTo(expected);
            groups += expected.size() - 2;
        }
        assertThat(groups).as("groups that were compared %s", when).isPositive();
    }

    @Test
    void areThoseOfTheDatabaseWhateverIsWrittenChangedAndRemoved() throws Exception {
        System.out.println("ResultsInMemoryTest: -Dsegmeter.seed=" + seed);
        int questions = Rounds.count(15);
        List<UUID> all = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            all.add(scored(cases));
        }
        theSameAsInTheDatabase("at first", questions);
        for (int i = 0; i < 10; i++) {
            all.add(scored(cases));
        }
        theSameAsInTheDatabase("after more were scored", questions);
        for (int i = 0; i < 10; i++) {
            service.api()
                    .delete("/api/v1/evaluations/" + all.remove(random.nextInt(all.size())))
                    .expect(204);
        }
        theSameAsInTheDatabase("after some were removed", questions);
        service.bean(JdbcClient.class)
                .sql("update evaluation set created_at = created_at + interval '3 days', site = 'east' where id = :id")
                .param("id", all.getFirst())
                .update();
        theSameAsInTheDatabase("after a description was changed", questions);
    }

    /** Numbers of transactions say nothing of the order in which they end. */
    @Test
    void haveWhatALongTransactionWroteAsSoonAsItHasEnded() throws Exception {
        ResultFilter filter = new ResultFilter(Map.of(), "nsd", null, null, null, null, null);
        List<Dimension> by = List.of(Dimension.MODEL);
        scored(cases);
        try (Connection connection = service.bean(DataSource.class).getConnection()) {
            connection.setAutoCommit(false);
            scored(new ScoredCases(JdbcClient.create(new SingleConnectionDataSource(connection, true))));
            scored(cases);
            List<String> before = inMemory(filter, by);
            assertThat(before).isEqualTo(views.ofTheDatabase(filter, by));
            scored(cases);
            assertThat(inMemory(filter, by))
                    .isEqualTo(views.ofTheDatabase(filter, by))
                    .isNotEqualTo(before);
            List<String> still = inMemory(filter, by);
            connection.commit();
            connection.setAutoCommit(true);
            assertThat(inMemory(filter, by))
                    .isEqualTo(views.ofTheDatabase(filter, by))
                    .isNotEqualTo(still);
        }
    }

    @Test
    void areReadInBulkWhereverAFieldLiesInTheBuffer() throws Exception {
        try (Connection connection = service.bean(DataSource.class).getConnection()) {
            assertThat(ResultViews.inBulk(connection, 20_000)).isEqualTo(20_000);
        }
    }
}
