package org.segmeter.evaluation;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * How much waits for a worker and how fast that becomes less, over all replicas: read from the database four times a second by a thread
 * of its own, so that a request can be sent away without asking anything. If the database does not answer that thread, requests need not
 * find it out one by one.
 */
@Component
public final class Backlog implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Backlog.class);
    private static final Duration PAUSE = Duration.ofMillis(250);

    /** Without news for so long the database counts as away. */
    private static final long STALE_NANOS = Duration.ofSeconds(3).toNanos();

    private static final int ANSWER_MILLIS = 3000;

    /** Evaluations of a key that may wait before others go first. */
    private static final int FEW = 16;

    /** Of so many last events the speed is taken. */
    private static final int EVENTS = 1000;

    /** The speed, which takes looking at all of these, is read once in so many times: once a second. */
    private static final int READS_OF_SPEED = 4;

    private static final String WAITING = "select count(*) from evaluation where state = 'QUEUED'";

    private static final String BY_TENANT =
            "select tenant, submitted_by, count(*) from evaluation where state = 'QUEUED' group by tenant,"
                    + " submitted_by";

    private static final String FINISHED = """
        select count(*) filter (where stage is null and state in ('SUCCEEDED', 'FAILED', 'CANCELLED')
                and at > clock_timestamp() - interval '60 seconds'),
            least(60, extract(epoch from clock_timestamp() - min(at)))
        from (select at, state, stage from evaluation_event order by sequence desc limit %d) e\
        """.formatted(EVENTS);

    /** @param key null for all of the tenant */
    private record Whose(String tenant, @Nullable String key) {}

    private final DataSource database;
    private final IntakeSettings settings;
    private final boolean severalTenants;
    private final AtomicLong acceptedSince = new AtomicLong();
    /** By tenant, and by tenant and key. */
    private final Map<Whose, AtomicLong> acceptedOf = new ConcurrentHashMap<>();

    private volatile Map<Whose, Long> waitingOf = Map.of();
    private volatile long waiting;
    private volatile double perSecond;
    private volatile long readAt;
    private int reads;
    private volatile boolean running;
    private volatile boolean reachable;
    private Thread reader = new Thread(() -> {});

    /** @param severalTenants true if there is a login, and so may be several tenants */
    Backlog(
            DataSource database,
            IntakeSettings settings,
            @Value("${segmeter.security.login:false}") boolean severalTenants) {
        this.database = database;
        this.severalTenants = severalTenants;
        this.settings = settings;
    }

    /** Evaluations that wait for a worker, as known now. */
    public long waiting() {
        return waiting + acceptedSince.get();
    }

    /** Those of one tenant; 0 where there is no login. */
    public long waiting(String tenant) {
        return waiting(new Whose(tenant, null));
    }

    /** Those that one key of a tenant, or subject of tokens, submitted; 0 where there is no login. */
    public long waiting(String tenant, String key) {
        return waiting(new Whose(tenant, key));
    }

    private long waiting(Whose whose) {
        AtomicLong since = acceptedOf.get(whose);
        return waitingOf.getOrDefault(whose, 0L) + (since == null ? 0 : since.get());
    }

    /**
     * Priority in the queue of the next evaluation of this thread's caller: 0 while few of theirs wait, and one less each time that twice
     * as many do. Whoever sends one does not wait behind all of somebody who sends thousands, and of one caller the order stays
     * about that of sending. What begins by itself, as the pairs of a PACS do, is never behind.
     */
    int priority() {
        String key = Tenant.caller();
        long waiting = key == null ? 0 : waiting(Tenant.current(), key);
        return -(Long.SIZE - Long.numberOfLeadingZeros(waiting / FEW));
    }

    /** Most that may wait. */
    public int limit() {
        return settings.queueLimit();
    }

    /** Evaluations that were finished a second, in the last minute; 0 if none was. */
    public double perSecond() {
        return perSecond;
    }

    /** False if the database has not answered for three seconds. */
    public boolean isDatabaseAnswering() {
        return System.nanoTime() - readAt < STALE_NANOS;
    }

    void accepted() {
        acceptedSince.incrementAndGet();
        if (severalTenants) {
            acceptedOf(new Whose(Tenant.current(), null));
            String key = Tenant.caller();
            if (key != null) {
                acceptedOf(new Whose(Tenant.current(), key));
            }
        }
    }

    private void acceptedOf(Whose whose) {
        // Not in two steps: the reader takes out what has nothing new.
        acceptedOf.compute(whose, (name, since) -> {
            AtomicLong one = since == null ? new AtomicLong() : since;
            one.incrementAndGet();
            return one;
        });
    }

    @Override
    public void start() {
        running = true;
        readAt = System.nanoTime();
        read();
        reader = new Thread(this::keepReading, "backlog");
        reader.setDaemon(true);
        reader.start();
    }

    @Override
    public void stop() {
        running = false;
        reader.interrupt();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before the web server, so that the first request is judged by what is known; after the database. */
    @Override
    public int getPhase() {
        return 0;
    }

    private void keepReading() {
        try {
            while (running) {
                Thread.sleep(PAUSE);
                read();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void read() {
        long before = acceptedSince.get();
        try (Connection connection = database.getConnection()) {
            int limit = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, ANSWER_MILLIS);
            // No prepared statements: a plan made while there was little is kept while more comes, and reads all of it.
            if (severalTenants) {
                readTenants(connection);
            } else {
                try (Statement count = connection.createStatement();
                        ResultSet row = count.executeQuery(WAITING)) {
                    row.next();
                    waiting = row.getLong(1);
                }
            }
            if (waiting > 0 && (perSecond == 0 || reads++ % READS_OF_SPEED == 0)) {
                try (Statement count = connection.createStatement();
                        ResultSet row = count.executeQuery(FINISHED)) {
                    row.next();
                    double seconds = Math.max(1, row.getDouble(2));
                    perSecond = row.getLong(1) / seconds;
                }
            }
            connection.setNetworkTimeout(Runnable::run, limit);
            acceptedSince.addAndGet(-before);
            readAt = System.nanoTime();
            if (!reachable) {
                log.info("the database answers");
            }
            reachable = true;
        } catch (SQLException e) {
            if (reachable) {
                log.warn("the database does not answer (SQL state {})", e.getSQLState());
            }
            reachable = false;
        }
    }

    private void readTenants(Connection connection) throws SQLException {
        Map<Whose, Long> before = new HashMap<>();
        acceptedOf.forEach((whose, since) -> before.put(whose, since.get()));
        Map<Whose, Long> found = new HashMap<>();
        long all = 0;
        try (Statement count = connection.createStatement();
                ResultSet row = count.executeQuery(BY_TENANT)) {
            while (row.next()) {
                String tenant = row.getString(1);
                String key = row.getString(2);
                found.merge(new Whose(tenant, null), row.getLong(3), Long::sum);
                if (key != null) {
                    found.put(new Whose(tenant, key), row.getLong(3));
                }
                all += row.getLong(3);
            }
        }
        waiting = all;
        waitingOf = Map.copyOf(found);
        // Keys come and go: whoever has nothing new is forgotten until they have.
        before.forEach((whose, since) -> acceptedOf.computeIfPresent(whose, (name, now) -> {
            long left = now.addAndGet(-since);
            return left == 0 && since == 0 ? null : now;
        }));
    }
}
