package org.segmeter.pacs;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.Failpoint;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.evaluation.Reasons;
import org.segmeter.evaluation.State;
import org.segmeter.evaluation.StoredScorecard;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.dicom.DicomInstance;
import org.segmeter.volume.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataRetrievalFailureException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Takes matched pairs on when their evaluations have ended: the new state, the report and its deliveries are one transaction, so
 * whatever happens to this process there is one report of each pair, and it is sent.
 */
@Component
final class PairFollower {

    private static final Logger log = LoggerFactory.getLogger(PairFollower.class);
    private static final int AT_ONCE = 100;

    private final PairRows pairs;
    private final InstanceRows instances;
    private final DeliveryRows deliveries;
    private final Evaluations evaluations;
    private final KeptContent content;
    private final BlobStore store;
    private final PacsSettings settings;
    private final TransactionTemplate transaction;
    private final JsonMapper json;
    private final Messages messages;
    private final Counter outsideLimits;

    /** Pairs of which was said that they cannot be followed. */
    private final Set<UUID> stuck = new HashSet<>();

    PairFollower(
            PairRows pairs,
            InstanceRows instances,
            DeliveryRows deliveries,
            Evaluations evaluations,
            KeptContent content,
            BlobStore store,
            PacsSettings settings,
            TransactionTemplate transaction,
            JsonMapper json,
            Messages messages,
            MeterRegistry metrics) {
        this.pairs = pairs;
        this.instances = instances;
        this.deliveries = deliveries;
        this.evaluations = evaluations;
        this.content = content;
        this.store = store;
        this.settings = settings;
        this.transaction = transaction;
        this.json = json;
        this.messages = messages;
        this.outsideLimits = Counter.builder("segmeter.pairs.outside.limits")
                .description("Pairs that were scored and have a value outside the limits of the installation")
                .register(metrics);
    }

    @Scheduled(initialDelay = 1000, fixedDelay = 500)
    void follow() {
        try {
            for (Pair pair : pairs.ended(AT_ONCE)) {
                try (Tenant.Binding ignored = Tenant.bind(pair.tenant())) {
                    followAlone(pair);
                }
            }
        } catch (DataAccessException | TransactionException e) {
            log.warn("matched pairs could not be followed: {}", Reasons.describe(e));
        }
    }

    /** One that cannot be taken on must not hold up those behind it for ever. */
    private void followAlone(Pair pair) {
        try {
            follow(pair);
            stuck.remove(pair.id());
        } catch (DataRetrievalFailureException e) {
            // What belongs to this pair is not there, or sealed with a key that is not known yet: it is tried again.
            if (stuck.add(pair.id())) {
                log.warn("pair {} cannot be followed now: {}", pair.id(), Reasons.describe(e));
            }
        } catch (DataAccessException | TransactionException e) {
            throw e; // of the database, and of every pair
        } catch (RuntimeException e) {
            log.error("the report of pair {} could not be made: {}", pair.id(), Reasons.describe(e));
            end(pair, PairState.NOT_SCORED, "Its report could not be made; the log of the service has the reason.");
        }
    }

    private void follow(Pair pair) {
        UUID id = pair.evaluation();
        Optional<Evaluation> evaluation = id == null ? Optional.empty() : evaluations.find(id);
        if (evaluation.isEmpty()) {
            end(pair, PairState.NOT_SCORED, "Its evaluation was removed.");
        } else if (evaluation.get().state().isFinal()) {
            ended(pair, evaluation.get());
        }
    }

    @Scheduled(initialDelay = 60_000, fixedDelay = 600_000)
    void expire() {
        try {
            for (Pair pair : pairs.open(settings.expireAfter(), AT_ONCE)) {
                // What is written of it, and who is told, is its tenant's.
                try (Tenant.Binding ignored = Tenant.bind(pair.tenant())) {
                    transaction.executeWithoutResult(status -> pairs.change(
                            pair,
                            PairState.EXPIRED,
                            "Nothing settled it in " + settings.expireAfter().toHours() + " hours."));
                }
            }
        } catch (DataAccessException | TransactionException e) {
            log.warn("waiting pairs could not be expired: {}", Reasons.describe(e));
        }
    }

    private void ended(Pair pair, Evaluation evaluation) {
        Failpoint.PAIR_EVALUATED.reach();
        Optional<StoredScorecard> card =
                evaluation.state() == State.SUCCEEDED ? evaluations.scorecard(evaluation.id()) : Optional.empty();
        if (card.isEmpty()) {
            String problem = evaluation.problem();
            String type =
                    problem == null ? "" : json.readTree(problem).path("type").asString("");
            end(
                    pair,
                    PairState.NOT_SCORED,
                    evaluation.state() == State.CANCELLED
                            ? "Its evaluation was cancelled."
                            : "It could not be scored: " + type.replace("/problems/", "") + ".");
            return;
        }
        try {
            scored(pair, evaluation, json.readTree(card.get().content()));
        } catch (IOException e) {
            log.warn("the report of pair {} could not be kept: {}", pair.id(), Reasons.describe(e));
        } catch (InputException e) {
            throw new IllegalStateException("a report that was just written cannot be read", e);
        }
    }

    private void scored(Pair pair, Evaluation evaluation, JsonNode card) throws IOException, InputException {
        StoredInstance prediction =
                instances.find(String.valueOf(pair.predictionSop())).orElseThrow();
        StoredInstance reference =
                instances.find(String.valueOf(pair.referenceSop())).orElseThrow();
        boolean unchanged = isUnchanged(card);
        byte[] report = StructuredReport.write(
                pair,
                card,
                unchanged,
                prediction,
                reference,
                instances.attributes(reference.sopInstanceUid()),
                card.path("engine").path("version").asString("unknown"));
        DicomInstance instance = DicomInstance.read(MemorySegment.ofArray(report), ReadOptions.defaults());
        List<Limits.Finding> outside = unchanged ? List.of() : Limits.of(card, settings.limits());
        boolean mine;
        try (BlobStore.Incoming received = store.receive(new ByteArrayInputStream(report), report.length)) {
            mine = content.keep(received.blob(), received::keep, "dicom:" + instance.sopInstanceUid(), () -> {
                Optional<Pair> locked = pairs.lockMatched(pair.id());
                if (locked.isEmpty()) {
                    return new KeptContent.Use.Result<>(false, false);
                }
                instances.insert(instance, received.blob(), "segmeter");
                pairs.report(pair.id(), instance.sopInstanceUid());
                if (unchanged) {
                    pairs.evaluation(pair.id(), null);
                    // A comparison of a mask with itself must not count as a Dice of 1 anywhere.
                    evaluations.cancelOrRemove(evaluation.id());
                    advance(
                            locked.get(),
                            PairState.ACCEPTED_UNCHANGED,
                            "The reference is the prediction, voxel for voxel.");
                } else {
                    advance(locked.get(), PairState.SCORED, scored(outside));
                    if (!outside.isEmpty()) {
                        messages.outsideLimits(pair.id(), evaluation.id(), outside);
                    }
                }
                for (String destination : Tenant.isOfTheInstallation() ? settings.resultsTo() : List.<String>of()) {
                    Delivery.Kind kind =
                            settings.nodes().containsKey(destination) ? Delivery.Kind.C_STORE : Delivery.Kind.STOW;
                    deliveries.insert(kind, destination, pair.id(), instance.sopInstanceUid(), null);
                }
                return new KeptContent.Use.Result<>(true, true);
            });
        }
        if (mine) {
            log.info("pair {} ended: {}", pair.id(), unchanged ? "accepted unchanged" : "scored");
            if (!outside.isEmpty()) {
                outsideLimits.increment();
            }
        }
    }

    private static String scored(List<Limits.Finding> outside) {
        if (outside.isEmpty()) {
            return "Scored.";
        }
        return "Scored, and outside its limits: "
                + outside.stream().map(Limits.Finding::sentence).collect(Collectors.joining("; ")) + ".";
    }

    /** Every segment is on both sides, and no voxel differs. */
    private static boolean isUnchanged(JsonNode card) {
        JsonNode segments = card.path("segments");
        if (segments.isEmpty() || !card.path("unmatched").isEmpty()) {
            return false;
        }
        for (JsonNode entry : segments) {
            JsonNode metrics = entry.path("metrics");
            boolean bothSides = entry.path("match").path("prediction").isIntegralNumber()
                    && entry.path("match").path("reference").isIntegralNumber();
            if (!bothSides || !isZero(metrics.path("fp")) || !isZero(metrics.path("fn"))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isZero(JsonNode value) {
        return value.path("value").isNumber() && value.path("value").doubleValue() == 0;
    }

    private void end(Pair pair, PairState state, String reason) {
        transaction.executeWithoutResult(
                status -> pairs.lockMatched(pair.id()).ifPresent(locked -> advance(locked, state, reason)));
    }

    private void advance(Pair locked, PairState state, String reason) {
        pairs.change(locked, state, reason);
        @Nullable String later = locked.supersededBy();
        if (later != null) {
            pairs.find(locked.id())
                    .ifPresent(now ->
                            pairs.change(now, PairState.SUPERSEDED, "A later correction had arrived meanwhile."));
        }
    }
}
