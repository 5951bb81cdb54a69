package org.segmeter.pacs;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Evaluations;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** The pairs of this installation: what the API offers. */
@Component
public final class Pairs {

    private final PairRows rows;
    private final InstanceRows instances;
    private final DeliveryRows deliveries;
    private final Pairing pairing;
    private final Evaluations evaluations;
    private final TransactionTemplate transaction;

    Pairs(
            PairRows rows,
            InstanceRows instances,
            DeliveryRows deliveries,
            Pairing pairing,
            Evaluations evaluations,
            TransactionTemplate transaction) {
        this.rows = rows;
        this.instances = instances;
        this.deliveries = deliveries;
        this.pairing = pairing;
        this.evaluations = evaluations;
        this.transaction = transaction;
    }

    /** How a person's word was taken. */
    public enum Taken {
        DONE,
        /** The pair is in another state. */
        CONFLICT,
        /** What was chosen is none of the candidates. */
        NO_CANDIDATE,
        /** There is no such pair. */
        ABSENT
    }

    /** @param state null for any; likewise the study */
    public List<Pair> list(@Nullable PairState state, @Nullable String studyUid, int limit, long offset) {
        return rows.list(state, studyUid, limit, offset);
    }

    public Optional<Pair> find(UUID id) {
        return rows.find(id);
    }

    /** The pair that an evaluation scored; empty if it was submitted otherwise. */
    public Optional<Pair> scoredBy(UUID evaluation) {
        return rows.scoredBy(evaluation);
    }

    /** Pairs of a study that have an evaluation, newest first. */
    public List<Pair> evaluated(String studyUid, int limit, int offset) {
        return rows.evaluated(studyUid, limit, offset);
    }

    /** The newest pair that an instance is a side or the report of and that has an evaluation. */
    public Optional<Pair> evaluatedWith(String sopInstanceUid) {
        return rows.evaluatedWith(sopInstanceUid);
    }

    /** What happened to a pair, in order. */
    public List<Pair.Transition> history(UUID id) {
        return rows.transitions(id);
    }

    /** What was or will be told of a pair, in order. */
    public List<Delivery> deliveries(UUID id) {
        return deliveries.of(id);
    }

    public List<StoredInstance> instances(List<String> sopInstanceUids) {
        return instances.findAll(sopInstanceUids);
    }

    /**
     * Settles an ambiguous pair.
     *
     * @param counterpart one of its candidates; null: none of them
     * @param by who says so
     */
    public Taken resolve(UUID id, @Nullable String counterpart, String by) {
        Taken taken = taken(transaction.execute(status -> pairing.resolve(id, counterpart, by)));
        evaluations.wake();
        return taken;
    }

    /** A person accepts a prediction that waits for its reference as it is. */
    public Taken accept(UUID id, String by) {
        return taken(transaction.execute(status -> pairing.accept(id, by)));
    }

    /**
     * What the latest stored segmentations would be under other rules.
     *
     * @param role null if it would take part in no pair
     * @param rule the rule that decides; null if none does
     * @param counterparts SOP Instance UIDs of what it could be compared with
     */
    public record Trial(
            StoredInstance instance,
            @Nullable Role role,
            @Nullable String rule,
            List<String> counterparts) {}

    /** Tries rules on the latest stored segmentations; nothing is changed. */
    public List<Trial> dryRun(PairingRules rules, int most) {
        return pairing.dryRun(rules, most).stream()
                .map(one -> new Trial(
                        one.instance(), one.decision().role(), one.decision().rule(), one.counterparts()))
                .toList();
    }

    private static Taken taken(Pairing.@Nullable Answer answer) {
        return switch (answer) {
            case DONE -> Taken.DONE;
            case NOT_AMBIGUOUS -> Taken.CONFLICT;
            case NO_CANDIDATE -> Taken.NO_CANDIDATE;
            case ABSENT -> Taken.ABSENT;
            case null -> throw new IllegalStateException("nothing came of it");
        };
    }
}
