package org.segmeter.security;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Reasons;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sends the audit trail to an audit record repository (IHE ITI-20, ATX: FHIR Feed): every event, in its order, from the trail itself, so
 * that neither the end of this process nor of the repository loses one. Up to where it was taken is remembered on the disk after the
 * repository said so; what it took without this being noted is sent again, and known by the digests that each line has. Nothing is left
 * out because it is refused: the feed waits, and its lag says so.
 */
final class AuditFeed implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(AuditFeed.class);

    /** How long nothing is looked for after there was nothing. */
    private static final Duration IDLE = Duration.ofMillis(200);

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private final AuditPlaces places;
    private final AuditRepository repository;
    private final JsonMapper json;
    private final int atOnce;
    private final Counter sent;
    private final Object turn = new Object();
    private final Thread sender =
            Thread.ofPlatform().name("audit-feed").daemon().unstarted(this::send);
    private volatile AuditPlaces.@Nullable Place place;
    private volatile @Nullable Instant oldest;
    private volatile boolean running;

    /** @param memory file that remembers what was taken */
    AuditFeed(
            AuditTrail trail,
            Path memory,
            AuditRepository repository,
            int atOnce,
            JsonMapper json,
            MeterRegistry registry) {
        this.places = new AuditPlaces(trail.directory(), memory, trail::end);
        this.repository = repository;
        this.atOnce = atOnce;
        this.json = json;
        sent = Counter.builder("segmeter.audit.delivered")
                .description("Events of the audit trail that the audit record repository took")
                .register(registry);
        Gauge.builder("segmeter.audit.lag.seconds", this, AuditFeed::lag)
                .description("Age of the oldest event that the audit record repository has not taken; 0 if it has all")
                .register(registry);
        Gauge.builder("segmeter.audit.backlog.bytes", this, AuditFeed::backlog)
                .description("Bytes of the audit trail that the audit record repository has not taken")
                .register(registry);
    }

    private double lag() {
        Instant since = oldest;
        return since == null
                ? 0
                : Math.max(0, Duration.between(since, Instant.now()).toMillis() / 1000.0);
    }

    private double backlog() {
        AuditPlaces.Place at = place;
        try {
            return at == null ? Double.NaN : places.bytesAfter(at);
        } catch (IOException e) {
            return Double.NaN;
        }
    }

    private void send() {
        Duration pause = SHORTEST_PAUSE;
        try {
            while (running) {
                Duration wait = IDLE;
                try {
                    AuditPlaces.Place from = place;
                    if (from == null) {
                        from = places.remembered();
                        place = from;
                    }
                    List<AuditPlaces.Line> lines = places.read(from, atOnce);
                    oldest = lines.isEmpty() ? null : recorded(lines.getFirst().text());
                    if (!lines.isEmpty()) {
                        AuditRepository.Taken taken = deliver(lines);
                        if (taken.lines() > 0) {
                            AuditPlaces.Place after =
                                    lines.get(taken.lines() - 1).after();
                            places.remember(after);
                            place = after;
                            pause = SHORTEST_PAUSE;
                            wait = Duration.ZERO;
                        }
                        if (taken.reason() != null) {
                            wait = taken.after().orElse(pause);
                            pause = longer(pause);
                            log.warn("audit events are not taken: {}; again in {} s", taken.reason(), seconds(wait));
                        }
                    }
                } catch (IOException | RuntimeException e) {
                    wait = pause;
                    pause = longer(pause);
                    log.warn("audit events cannot be sent: {}; again in {} s", Reasons.describe(e), seconds(wait));
                }
                rest(wait);
            }
        } catch (InterruptedException e) {
            // the service ends; the next one goes on
        }
    }

    /** Sends lines up to the first that is no event, which is passed by: it could never be taken. */
    private AuditRepository.Taken deliver(List<AuditPlaces.Line> lines) throws InterruptedException {
        List<String> events = new ArrayList<>();
        for (AuditPlaces.Line line : lines) {
            if (!isEvent(line.text())) {
                break;
            }
            events.add(line.text());
        }
        if (events.isEmpty()) {
            AuditPlaces.Place at = lines.getFirst().after();
            log.error(
                    "{} has a line before byte {} that is no event; \"segmeter audit verify\" says more",
                    AuditTrail.name(at.file()),
                    at.offset());
            return new AuditRepository.Taken(1, null, Optional.empty());
        }
        AuditRepository.Taken taken = repository.send(events);
        sent.increment(taken.lines());
        return taken;
    }

    private boolean isEvent(String line) {
        try {
            JsonNode event = json.readTree(line);
            return event.isObject() && event.path("resourceType").asString("").equals("AuditEvent");
        } catch (JacksonException e) {
            return false;
        }
    }

    private Instant recorded(String line) {
        try {
            return Instant.parse(json.readTree(line).path("recorded").asString(""));
        } catch (JacksonException | DateTimeParseException e) {
            return Instant.now();
        }
    }

    private static Duration longer(Duration pause) {
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
    }

    private static double seconds(Duration time) {
        return time.toMillis() / 1000.0;
    }

    private void rest(Duration time) throws InterruptedException {
        synchronized (turn) {
            if (running && time.isPositive()) {
                turn.wait(Math.max(1, time.toMillis()));
            }
        }
    }

    @Override
    public void start() {
        running = true;
        sender.start();
    }

    /** What is not sent yet, the next service on this directory sends. */
    @Override
    public void stop() {
        synchronized (turn) {
            running = false;
            turn.notifyAll();
        }
        try {
            // What was just taken is to be noted; a repository that does not answer is not waited for.
            sender.join(2_000);
            sender.interrupt();
            sender.join(2_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        repository.close();
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
