package org.segmeter.pacs;

import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Failpoint;
import org.segmeter.evaluation.Reasons;
import org.segmeter.security.Transfers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells others what is due to be told: the outbox. A delivery is leased for as long as an attempt can take; a replica that dies at it
 * leaves it to the others. At least once, because an answer can be lost: what is told twice is the same instance or message.
 */
@Component
final class Deliveries {

    private static final Logger log = LoggerFactory.getLogger(Deliveries.class);
    private static final int AT_ONCE = 8;

    /** A destination that has so many attempts gets no more until one has ended: one that does not answer leaves room for the others. */
    private static final int OF_ONE = 4;

    /** Beyond the longest time that a destination may take: for what this service does before and after. */
    private static final Duration LEASE_MARGIN = Duration.ofSeconds(10);

    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private final DeliveryRows rows;
    private final StoredInstances instances;
    private final PacsSettings settings;
    private final ObjectProvider<DimseSender> dimse;
    private final Transfers transfers;
    private final JsonMapper json;
    private final WebhookClient messages = new WebhookClient();
    private final Map<String, DicomWebClient> clients = new ConcurrentHashMap<>();
    private final ExecutorService work = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore free = new Semaphore(AT_ONCE);

    /** How many are being made, by destination. */
    private final Map<String, Integer> attempts = new ConcurrentHashMap<>();

    Deliveries(
            DeliveryRows rows,
            StoredInstances instances,
            PacsSettings settings,
            ObjectProvider<DimseSender> dimse,
            Transfers transfers,
            JsonMapper json) {
        this.dimse = dimse;
        this.transfers = transfers;
        this.rows = rows;
        this.instances = instances;
        this.settings = settings;
        this.json = json;
    }

    @Scheduled(initialDelay = 1000, fixedDelay = 500)
    void deliver() {
        int room = free.drainPermits();
        if (room == 0) {
            return;
        }
        try {
            Duration lease = Stream.concat(
                            settings.sources().values().stream()
                                    .map(source -> source.connectTimeout().plus(source.timeout())),
                            Stream.concat(
                                    settings.webhooks().values().stream().map(PacsSettings.Webhook::timeout),
                                    settings.nodes().values().stream()
                                            .map(node -> node.connectTimeout()
                                                    .plus(node.timeout().multipliedBy(2)))))
                    .max(Duration::compareTo)
                    .orElse(Duration.ZERO)
                    .plus(LEASE_MARGIN);
            List<Delivery> some;
            do {
                some = rows.take(lease, Math.min(room, OF_ONE), busy());
                room -= some.size();
                some.forEach(this::begin);
            } while (!some.isEmpty() && room > 0);
        } catch (DataAccessException | TransactionException e) {
            log.warn("deliveries could not be looked for: {}", Reasons.describe(e));
        } finally {
            free.release(room);
        }
    }

    private List<String> busy() {
        return attempts.entrySet().stream()
                .filter(one -> one.getValue() >= OF_ONE)
                .map(Map.Entry::getKey)
                .toList();
    }

    private void begin(Delivery one) {
        attempts.merge(one.destination(), 1, Integer::sum);
        work.submit(() -> {
            try (Tenant.Binding ignored = Tenant.bind(one.tenant())) {
                attempt(one);
            } finally {
                attempts.computeIfPresent(one.destination(), (destination, n) -> n > 1 ? n - 1 : null);
                free.release();
            }
        });
    }

    private void attempt(Delivery one) {
        try {
            DeliveryAnswer answer = switch (one.kind()) {
                case STOW -> store(one);
                case C_STORE -> send(one);
                case WEBHOOK -> tell(one);
            };
            switch (answer) {
                case DeliveryAnswer.Taken taken -> {
                    String sop = one.sopInstanceUid();
                    if (sop != null) {
                        transfers.sent(
                                one.destination(), one.kind() == Delivery.Kind.STOW ? "STOW-RS" : "C-STORE", sop);
                    }
                    Failpoint.DELIVERED.reach();
                    rows.end(one, Delivery.State.DELIVERED, null);
                    log.info(
                            "{} delivered to {}, pair {}, attempt {}",
                            what(one),
                            one.destination(),
                            one.pair(),
                            one.attempts());
                }
                case DeliveryAnswer.Refused refused -> {
                    rows.end(one, Delivery.State.GIVEN_UP, refused.reason());
                    log.warn(
                            "{} refused by {}: {}, pair {}",
                            what(one),
                            one.destination(),
                            refused.reason(),
                            one.pair());
                }
                case DeliveryAnswer.NotNow later -> again(one, later.reason());
            }
        } catch (IOException | RuntimeException e) {
            log.warn("delivery {} failed: {}", one.id(), Reasons.describe(e));
            again(one, "this service failed (" + e.getClass().getSimpleName() + ")");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the lease ends by itself
        }
    }

    private static String what(Delivery one) {
        return one.kind() == Delivery.Kind.WEBHOOK ? "message" : "report";
    }

    private DeliveryAnswer store(Delivery one) throws IOException, InterruptedException {
        PacsSettings.Source source = settings.sources().get(one.destination());
        if (source == null) {
            return new DeliveryAnswer.Refused("no such source");
        }
        Optional<StoredInstance> report = report(one);
        if (report.isEmpty()) {
            return new DeliveryAnswer.Refused("no such instance");
        }
        DicomWebClient client = clients.computeIfAbsent(one.destination(), name -> new DicomWebClient(source, json));
        try (BlobStore.Content content = instances.open(report.get())) {
            return client.store(
                    content.file(), report.get().studyUid(), report.get().sopInstanceUid());
        }
    }

    private DeliveryAnswer send(Delivery one) throws IOException, InterruptedException {
        DimseNode node = settings.nodes().get(one.destination());
        if (node == null) {
            return new DeliveryAnswer.Refused("no such node");
        }
        Optional<StoredInstance> report = report(one);
        if (report.isEmpty()) {
            return new DeliveryAnswer.Refused("no such instance");
        }
        DimseSender sender = dimse.getIfAvailable();
        if (sender == null) {
            return new DeliveryAnswer.NotNow("this build has no DIMSE");
        }
        try (BlobStore.Content content = instances.open(report.get())) {
            return sender.store(node, content.file(), report.get());
        }
    }

    private Optional<StoredInstance> report(Delivery one) {
        String sop = one.sopInstanceUid();
        return sop == null ? Optional.empty() : instances.find(sop);
    }

    private DeliveryAnswer tell(Delivery one) throws InterruptedException {
        PacsSettings.Webhook webhook = settings.webhooks().get(one.destination());
        String body = one.body();
        return webhook == null || body == null
                ? new DeliveryAnswer.Refused("no such webhook")
                : messages.send(webhook, one.id(), body);
    }

    private void again(Delivery one, String reason) {
        Duration pause = Duration.ofSeconds(1L << Math.min(9, Math.max(0, one.attempts() - 1)));
        log.info(
                "delivery to {} failed: {}, pair {}, attempt {}",
                one.destination(),
                reason,
                one.pair(),
                one.attempts());
        try {
            boolean givenUp = rows.again(
                    one, pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause, settings.retryFor(), reason);
            if (givenUp) {
                log.warn("{} for {} given up, pair {}", what(one), one.destination(), one.pair());
            }
        } catch (DataAccessException | TransactionException e) {
            log.warn("a delivery stays leased until its time is over: {}", Reasons.describe(e));
        }
    }

    /** Tells the rest after the next start. */
    @PreDestroy
    void stop() {
        work.shutdownNow();
        messages.close();
        List.copyOf(clients.values()).forEach(client -> client.close());
    }
}
