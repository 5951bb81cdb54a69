package org.segmeter.analytics;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Reasons;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The values of the metrics that are asked about, in memory: groups of all results are found at once, where the database would have to
 * look at every row again. What is known of evaluations is read once for all metrics; a metric is read when it is first asked for, the one that
 * the pages begin with as soon as the service is ready. A question waits
 * for that for a moment, and is answered by the database where it takes longer. After that each question first looks for what was written and removed since, so that an answer has all that was committed before it was
 * asked for; after many results were added that has mostly been done when somebody asks. What does not fit into a tenth of the heap is left to the database.
 */
@Component
final class ResultColumns {

    private static final Logger log = LoggerFactory.getLogger(ResultColumns.class);

    /** What the pages begin with. */
    private static final String FIRST = "dice";

    private static final int PART_OF_HEAP = 10;
    private static final int FETCHED_AT_ONCE = 5_000;

    /** Rows that are taken in before others may look at what is there. */
    private static final int TAKEN_AT_ONCE = 2_000;

    /** How long a question waits for values that are being read: about as long as the database takes to look at as many. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final long LOOKED_AT_AGAIN = Duration.ofHours(1).toNanos();

    /** So long after the last question a metric is kept up to date by itself. */
    private static final long KEPT_UP = Duration.ofMinutes(10).toNanos();

    private static final int KEPT_UP_EVERY_MS = 2_000;

    private static final String EVALUATION =
            "select e.id, e.created_at, e.tenant, e.model_name, e.model_version, e.site, "
                    + Dimension.SCANNER.sql() + ", " + Dimension.READER.sql()
                    + ", e.protocols[1] from evaluation e join scorecard s on s.evaluation_id = e.id";

    private static final String VALUE = """
        select v.evaluation_id, v.segment_index, v.segment_number, v.segment_label, p.meaning, v.numbers[p.place],
        get_byte(v.states, p.place - 1) from segment_values v join (values %s) p (layout, place, meaning) on p.layout = v.layout\
        """;

    /** Written by a transaction that the last look did not see; one that is younger than this look is of another database. */
    private static final String UNSEEN = """
        %1$s.written_in >= %2$d and %1$s.written_in < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        and not pg_visible_in_snapshot(%1$s.written_in::text::xid8, '%3$s'::pg_snapshot)\
        """;

    private final JdbcClient sql;
    private final JdbcTemplate jdbc;
    private final ValueRows rows;
    private final TransactionTemplate reading;
    private final long most;
    private final Map<String, Place> places = new LinkedHashMap<>(16, 0.75f, true);
    private final Object oneAtATime = new Object();

    /** Guards all columns, and makes the looks at the database follow one another. */
    private final Object lock = new Object();

    private @Nullable Known known;
    private volatile long bytesOfEvaluations;

    ResultColumns(JdbcClient sql, JdbcTemplate jdbc, ValueRows rows, PlatformTransactionManager transactions) {
        this.sql = sql;
        this.jdbc = jdbc;
        this.rows = rows;
        this.most = Runtime.getRuntime().maxMemory() / PART_OF_HEAP;
        reading = new TransactionTemplate(transactions);
        reading.setReadOnly(true);
        reading.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
        // A caller's transaction may be bound to a tenant; this reads for all.
        reading.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    }

    /** Where a metric is, or is going to be. */
    private static final class Place {
        @Nullable
        Loaded loaded;

        /** Opened when reading has ended; null if nothing is being read. */
        @Nullable
        CountDownLatch loading;

        boolean refused;
        long refusedAt;
        long askedAt = System.nanoTime();
    }

    /** The evaluations and what was committed when they were looked at last. */
    private static final class Known {
        final EvaluationColumns evaluations = new EvaluationColumns();

        /** In mm, of the grids of evaluations, by their numbers, as far as they were asked for: a scorecard never changes. */
        final Map<Integer, Double> diagonals = new HashMap<>();

        Seen seen;

        Known(Seen seen) {
            this.seen = seen;
        }
    }

    /** The columns of a metric and what was committed when they were looked at last. */
    private static final class Loaded {
        final Known of;
        final MetricColumns columns = new MetricColumns();
        Seen seen;

        Loaded(Known of, Seen seen) {
            this.of = of;
            this.seen = seen;
        }
    }

    /**
     * What was committed at a moment.
     *
     * @param snapshot of the database, as {@code 10:20:10,14}
     * @param descriptions how often those of evaluations were changed
     */
    private record Seen(String snapshot, long descriptions) {
        Seen {
            if (!snapshot.matches("[0-9]+:[0-9]+:[0-9,]*")) {
                throw new IllegalArgumentException("no snapshot: " + snapshot);
            }
        }

        /** The condition for what a table has that was not there then. */
        String unseen(String table) {
            return UNSEEN.formatted(table, Long.parseLong(snapshot.substring(0, snapshot.indexOf(':'))), snapshot);
        }
    }

    /** As {@link ValueRows#groups}; empty where the database must be asked. */
    Optional<List<ValueRows.Group>> groups(ResultFilter filter, List<Dimension> by) {
        return current(filter, by).map(current -> current.view().groups(filter, by, tenant()));
    }

    /** As {@link ValueRows#missing}, but all of them; empty where the database must be asked. */
    Optional<List<ValueRows.Missing>> missing(ResultFilter filter, List<Dimension> by) {
        Current current = current(filter, by).orElse(null);
        if (current == null) {
            return Optional.empty();
        }
        List<MetricColumns.Missing> all = current.view().missing(filter, by, tenant());
        Map<Integer, Double> diagonals = diagonals(
                current.loaded().of,
                all.stream().map(MetricColumns.Missing::evaluation).toList());
        return Optional.of(all.stream()
                .map(one -> new ValueRows.Missing(
                        one.key(), one.parameters(), diagonals.getOrDefault(one.evaluation(), Double.NaN)))
                .toList());
    }

    private Map<Integer, Double> diagonals(Known of, List<Integer> evaluations) {
        synchronized (lock) {
            List<Integer> unknown = evaluations.stream()
                    .filter(number -> !of.diagonals.containsKey(number))
                    .distinct()
                    .toList();
            try (Tenant.Binding ignored = Tenant.bind(null)) {
                for (int from = 0; from < unknown.size(); from += FETCHED_AT_ONCE) {
                    List<Integer> some = unknown.subList(from, Math.min(unknown.size(), from + FETCHED_AT_ONCE));
                    Map<UUID, Double> found =
                            rows.diagonals(some.stream().map(of.evaluations::id).toList());
                    some.forEach(number ->
                            of.diagonals.put(number, found.getOrDefault(of.evaluations.id(number), Double.NaN)));
                }
            }
            Map<Integer, Double> asked = new HashMap<>();
            evaluations.forEach(number -> asked.put(number, of.diagonals.getOrDefault(number, Double.NaN)));
            return asked;
        }
    }

    /** As {@link ValueRows#counts}; empty where the database must be asked. */
    Optional<Map<List<@Nullable String>, double[]>> counts(ResultFilter filter, List<Dimension> by) {
        Map<List<@Nullable String>, double[]> sums = new LinkedHashMap<>();
        String tenant = tenant();
        boolean known = true;
        if (isKept(filter, by)) {
            ValueRows.COUNTS.forEach(this::loading); // all of them before the first is waited for
        }
        for (int i = 0; i < ValueRows.COUNTS.size(); i++) {
            ResultFilter one = filter.ofMetric(ValueRows.COUNTS.get(i));
            Current current = current(one, by).orElse(null);
            known &= current != null;
            if (current != null) {
                int at = i;
                current.view()
                        .sums(one, by, tenant)
                        .forEach((key, sum) -> sums.computeIfAbsent(key, unused -> new double[3])[at] = sum);
            }
        }
        return known ? Optional.of(sums) : Optional.empty();
    }

    /** A metric with what there is of it now. */
    private record Current(Loaded loaded, MetricColumns.View view) {}

    /** Whether what is asked about is known of the evaluations in memory. */
    private static boolean isKept(ResultFilter filter, List<Dimension> by) {
        return filter.batch() == null
                && filter.evaluations() == null
                && filter.value(Dimension.CASE) == null
                && !by.contains(Dimension.CASE);
    }

    private Optional<Current> current(ResultFilter filter, List<Dimension> by) {
        String metric = filter.metric();
        if (metric == null || !isKept(filter, by)) {
            return Optional.empty();
        }
        Loaded loaded = loaded(metric);
        if (loaded == null) {
            return Optional.empty();
        }
        try {
            return upToDate(metric, loaded).map(now -> new Current(loaded, now));
        } catch (DataAccessException | TransactionException e) {
            // It is read anew for the next question; this one is the database's.
            log.warn("the values of {} could not be kept up with: {}", metric, Reasons.describe(e));
            return Optional.empty();
        }
    }

    /** Whose rows the database would show to this thread; empty for all. */
    private String tenant() {
        return sql.sql("""
            select case when row_security_active('evaluation') then coalesce(current_setting('segmeter.tenant', true), '') else '' end\
            """).query(String.class).single();
    }

    /** Null if it is still being read after a moment, or is not to be. */
    private @Nullable Loaded loaded(String metric) {
        CountDownLatch loading = loading(metric);
        if (loading != null) {
            try {
                if (!loading.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                    return null;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            }
        }
        synchronized (places) {
            Place place = places.get(metric);
            if (place == null) {
                return null;
            }
            place.askedAt = System.nanoTime();
            return place.loaded;
        }
    }

    /** What opens when a metric has been read; it begins to be read if need be. Null if it is there already, or is not to be. */
    private @Nullable CountDownLatch loading(String metric) {
        synchronized (places) {
            Place place = places.computeIfAbsent(metric, unused -> new Place());
            boolean wait = place.refused && System.nanoTime() - place.refusedAt < LOOKED_AT_AGAIN;
            if (place.loaded == null && place.loading == null && !wait) {
                place.loading = new CountDownLatch(1);
                Thread.ofVirtual().name("columns-" + metric).start(() -> load(metric, place));
            }
            return place.loaded == null ? place.loading : null;
        }
    }

    private void drop(String metric, Loaded loaded) {
        synchronized (places) {
            Place place = places.get(metric);
            if (place != null && place.loaded == loaded) {
                place.loaded = null;
            }
        }
    }

    /** So that the first who looks need not wait. */
    @EventListener(ApplicationReadyEvent.class)
    void first() {
        loading(FIRST);
    }

    /** So that whoever looks after many results were added finds them taken in. */
    @Scheduled(initialDelay = KEPT_UP_EVERY_MS, fixedDelay = KEPT_UP_EVERY_MS)
    void keepUp() {
        Map<String, Loaded> kept = new LinkedHashMap<>();
        synchronized (places) {
            places.forEach((metric, place) -> {
                Loaded loaded = place.loaded;
                if (loaded != null && (metric.equals(FIRST) || System.nanoTime() - place.askedAt < KEPT_UP)) {
                    kept.put(metric, loaded);
                }
            });
        }
        try {
            kept.forEach(this::upToDate);
        } catch (DataAccessException | TransactionException | IllegalStateException e) {
            // Whoever asks next looks again.
            log.debug("results could not be kept up with: {}", e.getClass().getSimpleName());
        }
    }

    private void load(String metric, Place place) {
        Loaded loaded = null;
        try {
            synchronized (oneAtATime) {
                loaded = read(metric).orElse(null);
            }
        } catch (DataAccessException | TransactionException | IllegalStateException e) {
            // The database answers in its stead; the next question tries again.
            log.debug(
                    "the values of {} could not be read: {}",
                    metric,
                    e.getClass().getSimpleName());
        } finally {
            synchronized (places) {
                place.loaded = loaded;
                if (loaded != null) {
                    makeRoom(metric);
                }
                if (place.loading != null) {
                    place.loading.countDown();
                    place.loading = null;
                }
            }
        }
    }

    /** Those that were asked for longest ago go first. */
    private void makeRoom(String metric) {
        long bytes = bytesOfEvaluations;
        for (Place place : places.values()) {
            bytes += place.loaded == null ? 0 : place.loaded.columns.bytes();
        }
        for (Map.Entry<String, Place> oldest : places.entrySet()) {
            Loaded loaded = oldest.getValue().loaded;
            if (bytes <= most) {
                break;
            }
            if (loaded != null && !oldest.getKey().equals(metric)) {
                bytes -= loaded.columns.bytes();
                oldest.getValue().loaded = null;
            }
        }
    }

    private void refuse(String metric) {
        synchronized (places) {
            Place place = places.computeIfAbsent(metric, unused -> new Place());
            place.refused = true;
            place.refusedAt = System.nanoTime();
        }
        log.info("the values of {} are too many to be kept in memory", metric);
    }

    private boolean isTooMuch(Loaded loaded) {
        return bytesOfEvaluations + loaded.columns.bytes() > most || loaded.columns.isTooVaried(loaded.of.evaluations);
    }

    /** Empty if it is too much. */
    private Optional<Loaded> read(String metric) {
        try (Tenant.Binding ignored = Tenant.bind(null)) {
            return Objects.requireNonNull(reading.execute(status -> {
                Loaded loaded;
                synchronized (lock) {
                    Seen now = seen(); // the transaction's first look, which all others of it share
                    loaded = new Loaded(evaluations(now), now);
                }
                readValues(metric, loaded, "");
                if (isTooMuch(loaded)) {
                    refuse(metric);
                    return Optional.empty();
                }
                return Optional.of(loaded);
            }));
        }
    }

    /** With all that was committed by now; empty if it must be read anew. */
    private Optional<MetricColumns.View> upToDate(String metric, Loaded loaded) {
        Optional<MetricColumns.View> view = Optional.empty();
        try {
            synchronized (lock) {
                if (loaded.of == known) {
                    try (Tenant.Binding ignored = Tenant.bind(null)) {
                        view = Objects.requireNonNull(reading.execute(status -> catchUp(metric, loaded)));
                    }
                }
            }
            return view;
        } finally {
            if (view.isEmpty()) {
                // Perhaps some values of an evaluation were taken in and others were not.
                drop(metric, loaded);
            }
        }
    }

    private Optional<MetricColumns.View> catchUp(String metric, Loaded loaded) {
        Seen now = seen();
        EvaluationColumns evaluations = evaluations(now).evaluations;
        if (evaluations.isWorn()) {
            known = null;
            return Optional.empty();
        }
        if (!now.snapshot().equals(loaded.seen.snapshot())) {
            String unseen = loaded.seen.unseen("s");
            if (sql.sql("select exists (select from scorecard s where " + unseen + ")")
                    .query(Boolean.class)
                    .single()) {
                readValues(metric, loaded, " join scorecard s on s.evaluation_id = v.evaluation_id where " + unseen);
            }
            loaded.seen = now;
        }
        if (isTooMuch(loaded)) {
            refuse(metric);
            return Optional.empty();
        }
        return Optional.of(loaded.columns.view(evaluations));
    }

    /** All evaluations with results, as they are now. */
    private Known evaluations(Seen now) {
        Known all = known;
        if (all == null) {
            all = new Known(now);
            readEvaluations(all.evaluations, "");
            known = all;
        } else if (now.descriptions() != all.seen.descriptions()) {
            all.evaluations.forgetDescriptions();
            readEvaluations(all.evaluations, "");
        } else if (!now.snapshot().equals(all.seen.snapshot())) {
            EvaluationColumns evaluations = all.evaluations;
            readEvaluations(evaluations, " where " + all.seen.unseen("s"));
            sql.sql("select r.evaluation_id from result_removal r where " + all.seen.unseen("r"))
                    .query(row -> {
                        evaluations.remove(row.getObject(1, UUID.class));
                    });
        }
        all.seen = now;
        bytesOfEvaluations = all.evaluations.bytes();
        return all;
    }

    private Seen seen() {
        return sql.sql("select pg_current_snapshot()::text, d.number from description_change d")
                .query((row, number) -> new Seen(row.getString(1), row.getLong(2)))
                .single();
    }

    private void readEvaluations(EvaluationColumns evaluations, String condition) {
        inBulk(EVALUATION + condition, rows -> {
            while (evaluations.bytes() <= most && rows.next()) {
                evaluations.put(
                        rows.uuid(),
                        rows.micros(),
                        new EvaluationColumns.About(
                                Objects.requireNonNull(rows.text()),
                                rows.text(),
                                rows.text(),
                                rows.text(),
                                rows.text(),
                                rows.text(),
                                rows.text()));
            }
        });
    }

    /**
     * What the number at a place of a layout means.
     *
     * @param layout and place: where
     */
    private record Meaning(UUID layout, int place, String parameters, String unit) {}

    private void readValues(String metric, Loaded loaded, String condition) {
        List<Meaning> meanings = sql.sql(
                        "select layout, place, parameters, unit from value_place where metric = :metric")
                .param("metric", metric)
                .query((row, number) ->
                        new Meaning(row.getObject(1, UUID.class), row.getInt(2), row.getString(3), row.getString(4)))
                .list();
        if (meanings.isEmpty()) {
            return;
        }
        List<String> places = new ArrayList<>();
        for (Meaning meaning : meanings) {
            places.add("('" + meaning.layout() + "'::uuid, " + meaning.place() + ", " + places.size() + ")");
        }
        inBulk(VALUE.formatted(String.join(", ", places)) + condition, rows -> {
            boolean more = true;
            while (more) {
                synchronized (lock) {
                    for (int i = 0; i < TAKEN_AT_ONCE && more; i++) {
                        more = rows.next();
                        if (more) {
                            add(rows, meanings, loaded);
                        }
                    }
                    more &= !isTooMuch(loaded);
                }
            }
        });
        loaded.columns.completed();
    }

    private static void add(BulkRows row, List<Meaning> meanings, Loaded loaded) throws SQLException {
        int evaluation = loaded.of.evaluations.number(row.uuid());
        int index = row.integer();
        Integer number = row.integerOrNull();
        String label = row.text();
        Meaning meaning = meanings.get(row.integer());
        double value = row.number();
        int state = row.integer();
        if (evaluation != EvaluationNumbers.NONE) {
            loaded.columns.add(
                    evaluation,
                    MetricColumns.Kind.of(index, label, number, meaning.parameters(), meaning.unit()),
                    value,
                    state);
        }
    }

    private interface Reader {
        void read(BulkRows rows) throws SQLException;
    }

    private void inBulk(String query, Reader reader) {
        jdbc.execute((ConnectionCallback<Boolean>) connection -> {
            try (BulkRows rows = new BulkRows(connection, query)) {
                reader.read(rows);
            }
            return true;
        });
    }
}
