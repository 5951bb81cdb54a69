package org.segmeter.analytics;

import java.sql.ResultSet;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The values of the metrics that are asked about, in memory: groups of all results are found at once, where the database would have to
 * look at every row again. A metric is read when it is first asked for, the one that the pages begin with as soon as the service is ready; a question waits
 * for that for a moment, and is answered by the database where it takes longer. After that each question first looks for what was written and removed since, so that an answer has all that was committed before it was
 * asked for. What does not fit into a tenth of the heap is left to the database.
 */
@Component
final class ResultColumns {

    private static final Logger log = LoggerFactory.getLogger(ResultColumns.class);

    /** What the pages begin with. */
    private static final String FIRST = "dice";

    private static final int PART_OF_HEAP = 10;
    private static final int FETCHED_AT_ONCE = 5_000;
    /** Evaluations since the last question beyond which all is rather read anew, beside the question. */
    private static final int MOST_ADDED = 10_000;

    /** How long a question waits for values that are being read: about as long as the database takes to look at as many. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final long LOOKED_AT_AGAIN = Duration.ofHours(1).toNanos();

    private static final String EVALUATION = "select e.id, (extract(epoch from e.created_at) * 1000000)::bigint,"
            + " e.tenant, e.model_name, e.model_version, e.site, " + Dimension.SCANNER.sql() + ", "
            + Dimension.READER.sql() + ", e.protocols[1] from evaluation e ";
    private static final String VALUE = "select v.evaluation_id, v.segment_index, v.segment_label, v.segment_number,"
            + " v.parameters, v.unit, v.value, v.state from metric_value v where ";

    /** Written by a transaction that the last look did not see; one that is younger than this look is of another database. */
    private static final String UNSEEN = """
        %1$s.written_in >= :least and %1$s.written_in < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        and not pg_visible_in_snapshot(%1$s.written_in::text::xid8, :seen::pg_snapshot)\
        """;

    private final JdbcClient sql;
    private final ValueRows rows;
    private final TransactionTemplate reading;
    private final long most;
    private final Map<String, Place> places = new LinkedHashMap<>(16, 0.75f, true);
    private final Object oneAtATime = new Object();

    ResultColumns(JdbcClient sql, ValueRows rows, PlatformTransactionManager transactions) {
        this.sql = sql;
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
    }

    /** The columns of a metric and what was committed when they were looked at last; guarded by itself. */
    private static final class Loaded {
        final MetricColumns columns = new MetricColumns();

        /** In mm, of the grids of evaluations, by their numbers, as far as they were asked for: a scorecard never changes. */
        final Map<Integer, Double> diagonals = new HashMap<>();

        Seen seen;

        Loaded(Seen seen) {
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
        long least() {
            return Long.parseLong(snapshot.substring(0, snapshot.indexOf(':')));
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
                current.loaded(),
                all.stream().map(MetricColumns.Missing::evaluation).toList());
        return Optional.of(all.stream()
                .map(one -> new ValueRows.Missing(
                        one.key(), one.parameters(), diagonals.getOrDefault(one.evaluation(), Double.NaN)))
                .toList());
    }

    private Map<Integer, Double> diagonals(Loaded loaded, List<Integer> evaluations) {
        synchronized (loaded) {
            List<Integer> unknown = evaluations.stream()
                    .filter(number -> !loaded.diagonals.containsKey(number))
                    .distinct()
                    .toList();
            try (Tenant.Binding ignored = Tenant.bind(null)) {
                for (int from = 0; from < unknown.size(); from += FETCHED_AT_ONCE) {
                    List<Integer> some = unknown.subList(from, Math.min(unknown.size(), from + FETCHED_AT_ONCE));
                    Map<UUID, Double> found =
                            rows.diagonals(some.stream().map(loaded.columns::id).toList());
                    some.forEach(number ->
                            loaded.diagonals.put(number, found.getOrDefault(loaded.columns.id(number), Double.NaN)));
                }
            }
            Map<Integer, Double> known = new HashMap<>();
            evaluations.forEach(number -> known.put(number, loaded.diagonals.getOrDefault(number, Double.NaN)));
            return known;
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
        Optional<MetricColumns.View> view = upToDate(metric, loaded);
        if (view.isEmpty()) {
            drop(metric, loaded);
        }
        return view.map(now -> new Current(loaded, now));
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
            return place == null ? null : place.loaded;
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
        long bytes = 0;
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

    private boolean isTooMuch(MetricColumns columns) {
        return columns.bytes() > most || columns.isTooVaried();
    }

    /** Empty if it is too much. */
    private Optional<Loaded> read(String metric) {
        try (Tenant.Binding ignored = Tenant.bind(null)) {
            return Objects.requireNonNull(reading.execute(status -> {
                Loaded loaded = new Loaded(seen());
                MetricColumns columns = loaded.columns;
                sql.sql(EVALUATION + "join scorecard s on s.evaluation_id = e.id")
                        .withFetchSize(FETCHED_AT_ONCE)
                        .query(row -> {
                            if (!isTooMuch(columns)) {
                                addEvaluation(columns, row);
                            }
                        });
                sql.sql(VALUE + "v.metric = :metric")
                        .param("metric", metric)
                        .withFetchSize(FETCHED_AT_ONCE)
                        .query(row -> {
                            if (!isTooMuch(columns)) {
                                addValue(columns, row);
                            }
                        });
                if (isTooMuch(columns)) {
                    refuse(metric);
                    return Optional.empty();
                }
                return Optional.of(loaded);
            }));
        }
    }

    /** With all that was committed by now; empty if it must be read anew. */
    private Optional<MetricColumns.View> upToDate(String metric, Loaded loaded) {
        synchronized (loaded) {
            try (Tenant.Binding ignored = Tenant.bind(null)) {
                return Objects.requireNonNull(reading.execute(status -> {
                    Seen now = seen();
                    if (now.descriptions() != loaded.seen.descriptions()) {
                        return Optional.empty();
                    }
                    if (!now.snapshot().equals(loaded.seen.snapshot())) {
                        if (!catchUp(metric, loaded.columns, loaded.seen)) {
                            return Optional.empty();
                        }
                        loaded.seen = now;
                    }
                    if (isTooMuch(loaded.columns)) {
                        refuse(metric);
                        return Optional.empty();
                    }
                    return loaded.columns.isWorn() ? Optional.empty() : Optional.of(loaded.columns.view());
                }));
            }
        }
    }

    /** False if there is too much to do at once. */
    private boolean catchUp(String metric, MetricColumns columns, Seen last) {
        Map<String, Object> since = Map.of("least", last.least(), "seen", last.snapshot());
        List<UUID> added = new ArrayList<>();
        sql.sql(EVALUATION + "join scorecard s on s.evaluation_id = e.id where " + UNSEEN.formatted("s"))
                .params(since)
                .query(row -> {
                    if (addEvaluation(columns, row)) {
                        added.add(row.getObject(1, UUID.class));
                    }
                });
        if (added.size() > MOST_ADDED) {
            return false;
        }
        if (!added.isEmpty()) {
            sql.sql(VALUE + "v.evaluation_id = any(:added) and v.metric = :metric")
                    .param("added", added.toArray(UUID[]::new))
                    .param("metric", metric)
                    .query(row -> {
                        addValue(columns, row);
                    });
        }
        sql.sql("select r.evaluation_id from result_removal r where " + UNSEEN.formatted("r"))
                .params(since)
                .query(row -> {
                    columns.remove(row.getObject(1, UUID.class));
                });
        return true;
    }

    private Seen seen() {
        return sql.sql("select pg_current_snapshot()::text, d.number from description_change d")
                .query((row, number) -> new Seen(row.getString(1), row.getLong(2)))
                .single();
    }

    private static boolean addEvaluation(MetricColumns columns, ResultSet row) throws SQLException {
        return columns.add(
                row.getObject(1, UUID.class),
                row.getLong(2),
                new MetricColumns.About(
                        row.getString(3),
                        row.getString(4),
                        row.getString(5),
                        row.getString(6),
                        row.getString(7),
                        row.getString(8),
                        row.getString(9)));
    }

    private static void addValue(MetricColumns columns, ResultSet row) throws SQLException {
        Integer segment = ValueRows.integer(row, 4);
        Double known = ValueRows.number(row, 7);
        columns.add(
                row.getObject(1, UUID.class),
                MetricColumns.Kind.of(row.getInt(2), row.getString(3), segment, row.getString(5), row.getString(6)),
                known,
                row.getString(8));
    }
}
