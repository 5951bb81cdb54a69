package org.segmeter.pacs;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.Submission;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Finds for each segmentation the one that it is to be compared with.
 *
 * <p>Two belong together if they are of one study, were made from the same series, lie in the same frame of reference and have a
 * segment in common, side of the body included; or if the reference says which segmentation it was made from. If a segment could
 * come from several predictions, a person has to say which. A later reference of the same reader takes the place of an earlier one.
 *
 * <p>All of it happens in the transaction that stores the instance, while the row of its study is locked: in whatever order, and at
 * whichever replica, instances arrive, each sees what the ones before it did.
 */
@Component
final class Pairing {

    private final PairRows pairs;
    private final InstanceRows instances;
    private final PairingRuleStore rules;
    private final Evaluations evaluations;
    private final JsonMapper json;

    Pairing(PairRows pairs, InstanceRows instances, PairingRuleStore rules, Evaluations evaluations, JsonMapper json) {
        this.pairs = pairs;
        this.instances = instances;
        this.rules = rules;
        this.evaluations = evaluations;
        this.json = json;
    }

    /** Finds the role and the pairs of an instance that was stored in this transaction; says which pairs it is part of. */
    List<UUID> arrived(StoredInstance added) {
        PairingRules applied = rules.current();
        PairingRules.Decision decision = applied.decide(added);
        instances.role(added.sopInstanceUid(), decision.role(), decision.rule());
        if (decision.role() != null) {
            pairs.lockStudy(added.studyUid());
            new Study(added.studyUid(), applied).arrived(added.sopInstanceUid());
        }
        return pairs.with(added.sopInstanceUid());
    }

    /** The pairs that an instance is part of. */
    List<UUID> pairsOf(String sopInstanceUid) {
        return pairs.with(sopInstanceUid);
    }

    /** How an answer to an ambiguous pair ended. */
    enum Answer {
        DONE,
        NOT_AMBIGUOUS,
        NO_CANDIDATE,
        ABSENT
    }

    /**
     * Takes a person's choice, in the caller's transaction.
     *
     * @param counterpart SOP Instance UID of one of the candidates; null to say that none of them is it
     */
    Answer resolve(UUID id, @Nullable String counterpart, String by) {
        Optional<Pair> before = pairs.find(id);
        if (before.isEmpty()) {
            return Answer.ABSENT;
        }
        pairs.lockStudy(before.get().studyUid());
        Pair pair = pairs.find(id).orElseThrow();
        if (pair.state() != PairState.AMBIGUOUS) {
            return Answer.NOT_AMBIGUOUS;
        }
        if (counterpart == null) {
            pairs.change(pair, PairState.EXPIRED, "None of the candidates is its counterpart, says " + by + ".");
            return Answer.DONE;
        }
        if (!pair.candidates().contains(counterpart)) {
            return Answer.NO_CANDIDATE;
        }
        new Study(pair.studyUid(), rules.current()).resolved(pair, counterpart, by);
        return Answer.DONE;
    }

    /** Takes a person's word that a prediction is right as it is, in the caller's transaction. */
    Answer accept(UUID id, String by) {
        Optional<Pair> before = pairs.find(id);
        if (before.isEmpty()) {
            return Answer.ABSENT;
        }
        pairs.lockStudy(before.get().studyUid());
        Pair pair = pairs.find(id).orElseThrow();
        if (pair.state() != PairState.WAITING || pair.predictionSop() == null) {
            return Answer.NOT_AMBIGUOUS;
        }
        pairs.change(pair, PairState.ACCEPTED_UNCHANGED, "Accepted as it is by " + by + ".");
        return Answer.DONE;
    }

    /** What would happen to stored segmentations if they arrived now under other rules; nothing is changed. */
    List<DryRun> dryRun(PairingRules proposed, int most) {
        List<DryRun> results = new ArrayList<>();
        Map<String, List<StoredInstance>> byStudy = instances.latestSegmentations(most).stream()
                .collect(Collectors.groupingBy(
                        StoredInstance::studyUid, java.util.LinkedHashMap::new, Collectors.toList()));
        for (List<StoredInstance> study : byStudy.values()) {
            List<StoredInstance> decided = study.stream()
                    .map(one -> one.withRole(proposed.decide(one).role()))
                    .toList();
            for (StoredInstance one : decided) {
                PairingRules.Decision decision = proposed.decide(one);
                List<String> counterparts = one.role() == null
                        ? List.of()
                        : decided.stream()
                                .filter(other -> other.role() != null
                                        && other.role() != one.role()
                                        && compatible(one, other)
                                        && !common(one, other).isEmpty())
                                .map(StoredInstance::sopInstanceUid)
                                .toList();
                results.add(new DryRun(one, decision, counterparts));
            }
        }
        return results;
    }

    /** @param counterparts SOP Instance UIDs of the segmentations that it could be compared with */
    record DryRun(StoredInstance instance, PairingRules.Decision decision, List<String> counterparts) {}

    /** Same images, same space. An object that does not say from which series it was made fits any. */
    private static boolean compatible(StoredInstance a, StoredInstance b) {
        return Objects.equals(a.frameOfReferenceUid(), b.frameOfReferenceUid())
                && (a.referencedSeries().isEmpty()
                        || b.referencedSeries().isEmpty()
                        || a.referencedSeries().stream().anyMatch(b.referencedSeries()::contains));
    }

    /** Identities of the segments that both have. */
    private static Set<String> common(StoredInstance a, StoredInstance b) {
        Set<String> keys = new LinkedHashSet<>(a.keys());
        keys.retainAll(b.keys());
        return keys;
    }

    /** The segmentations of one study and their pairs, as they are while its row is locked. */
    private final class Study {

        private final String uid;
        private final PairingRules applied;
        private final Map<String, StoredInstance> known;

        Study(String uid, PairingRules applied) {
            this.uid = uid;
            this.applied = applied;
            this.known = instances.of(uid, null, null).stream()
                    .filter(one -> one.role() != null)
                    .collect(Collectors.toMap(
                            StoredInstance::sopInstanceUid,
                            Function.identity(),
                            (a, b) -> a,
                            java.util.LinkedHashMap::new));
        }

        void arrived(String sop) {
            StoredInstance added = Objects.requireNonNull(known.get(sop));
            if (added.role() == Role.PREDICTION) {
                prediction(added);
            } else {
                reference(added);
            }
        }

        private List<StoredInstance> with(Role role) {
            return known.values().stream().filter(one -> one.role() == role).toList();
        }

        private void reference(StoredInstance r) {
            @Nullable StoredInstance newer = null;
            for (StoredInstance other : with(Role.REFERENCE)) {
                if (supersedes(r, other)) {
                    supersede(other, r);
                } else if (supersedes(other, r) && (newer == null || isAfter(other, newer))) {
                    newer = other;
                }
            }
            Set<String> named = named(r, new HashSet<>());
            List<StoredInstance> candidates;
            if (named.isEmpty()) {
                candidates = with(Role.PREDICTION).stream()
                        .filter(p -> compatible(p, r) && !common(p, r).isEmpty())
                        .toList();
            } else {
                candidates = with(Role.PREDICTION).stream()
                        .filter(p -> named.contains(p.sopInstanceUid()))
                        .toList();
            }
            List<StoredInstance> contested = named.isEmpty() ? contested(candidates, r) : List.of();
            for (StoredInstance p : candidates) {
                if (!contested.contains(p)) {
                    match(
                            p,
                            r,
                            named.isEmpty()
                                    ? "Same images, space and structures."
                                    : "The reference names the prediction.");
                }
            }
            if (!contested.isEmpty()) {
                pairs.insert(
                        uid,
                        PairState.AMBIGUOUS,
                        contested.size() + " predictions of the same structures fit this reference.",
                        null,
                        r.sopInstanceUid(),
                        contested.stream().map(StoredInstance::sopInstanceUid).toList(),
                        r.keys());
            } else if (candidates.isEmpty()) {
                pairs.insert(
                        uid,
                        PairState.WAITING,
                        named.isEmpty()
                                ? "No prediction of these structures has arrived yet."
                                : "The prediction that the reference names has not arrived yet.",
                        null,
                        r.sopInstanceUid(),
                        List.of(),
                        r.keys());
            }
            if (newer != null) {
                supersede(r, newer);
            }
        }

        private void prediction(StoredInstance p) {
            boolean met = false;
            for (StoredInstance r : with(Role.REFERENCE)) {
                if (isSuperseded(r)) {
                    continue;
                }
                Set<String> named = named(r, new HashSet<>());
                if (named.contains(p.sopInstanceUid())) {
                    match(p, r, "The reference names the prediction.");
                    met = true;
                } else if (named.isEmpty() && compatible(p, r) && !common(p, r).isEmpty()) {
                    List<StoredInstance> fitting = with(Role.PREDICTION).stream()
                            .filter(one -> compatible(one, r) && !common(one, r).isEmpty())
                            .toList();
                    if (contested(fitting, r).contains(p)) {
                        met |= doubt(p, r);
                    } else {
                        match(p, r, "Same images, space and structures.");
                        met = true;
                    }
                }
            }
            if (!met) {
                pairs.insert(
                        uid,
                        PairState.WAITING,
                        "No reference of these structures has arrived yet.",
                        p.sopInstanceUid(),
                        null,
                        List.of(),
                        p.keys());
            }
        }

        /** A prediction arrives for a reference that another one fits too; true if that is a pair of its own. */
        private boolean doubt(StoredInstance p, StoredInstance r) {
            for (Pair pair : pairs.ofStudy(uid)) {
                if (pair.state() == PairState.AMBIGUOUS && r.sopInstanceUid().equals(pair.referenceSop())) {
                    List<String> more = new ArrayList<>(pair.candidates());
                    more.add(p.sopInstanceUid());
                    pairs.candidates(pair.id(), more);
                    return false;
                }
            }
            pairs.insert(
                    uid,
                    PairState.AMBIGUOUS,
                    "A reference fits this prediction that another prediction of the same structures fits too.",
                    p.sopInstanceUid(),
                    null,
                    List.of(r.sopInstanceUid()),
                    p.keys());
            return true;
        }

        /** Those that share a segment of the reference with another one; of several models only if the rules say so. */
        private List<StoredInstance> contested(List<StoredInstance> candidates, StoredInstance r) {
            return candidates.stream()
                    .filter(a -> candidates.stream()
                            .anyMatch(b -> a != b
                                    && (applied.severalPredictions() == PairingRules.Several.AMBIGUOUS
                                            || sameModel(a, b))
                                    && common(a, b).stream().anyMatch(r.keys()::contains)))
                    .toList();
        }

        private boolean sameModel(StoredInstance a, StoredInstance b) {
            return modelOf(a, applied).equals(modelOf(b, applied));
        }

        /**
         * The predictions that a reference says it was made from, by way of other references if need be; one that is not here yet
         * counts too, because it may come.
         */
        private Set<String> named(StoredInstance r, Set<String> seen) {
            Set<String> named = new LinkedHashSet<>();
            for (String sop : r.referencedSegmentations()) {
                StoredInstance target = known.get(sop);
                if (target == null || target.role() == Role.PREDICTION) {
                    named.add(sop);
                } else if (seen.add(sop)) {
                    named.addAll(named(target, seen));
                }
            }
            return named;
        }

        /**
         * True if a reference takes the place of another: by its word; or as the later one of the same reader, of the same
         * predictions as far as they name any, and of all that the earlier one has.
         */
        private boolean supersedes(StoredInstance later, StoredInstance earlier) {
            if (later == earlier || earlier.referencedSegmentations().contains(later.sopInstanceUid())) {
                return false;
            }
            if (later.referencedSegmentations().contains(earlier.sopInstanceUid())) {
                return true;
            }
            Set<String> namedByLater = named(later, new HashSet<>());
            Set<String> namedByEarlier = named(earlier, new HashSet<>());
            boolean samePredictions = namedByLater.isEmpty()
                    || namedByEarlier.isEmpty()
                    || namedByLater.stream().anyMatch(namedByEarlier::contains);
            return samePredictions
                    && reader(later).equals(reader(earlier))
                    && compatible(later, earlier)
                    && later.keys().containsAll(earlier.keys())
                    && isAfter(later, earlier);
        }

        private static String reader(StoredInstance one) {
            String creator = one.contentCreator();
            return creator == null ? "" : creator.strip().toLowerCase(Locale.ROOT);
        }

        private static boolean isAfter(StoredInstance a, StoredInstance b) {
            LocalDateTime at = a.contentAt();
            LocalDateTime bt = b.contentAt();
            if (at != null && bt != null && !at.equals(bt)) {
                return at.isAfter(bt);
            }
            return a.receivedAt().isAfter(b.receivedAt());
        }

        private boolean isSuperseded(StoredInstance r) {
            return with(Role.REFERENCE).stream().anyMatch(other -> supersedes(other, r));
        }

        private void supersede(StoredInstance earlier, StoredInstance later) {
            for (Pair pair : pairs.ofStudy(uid)) {
                if (!earlier.sopInstanceUid().equals(pair.referenceSop())) {
                    continue;
                }
                pairs.supersededBy(pair.id(), later.sopInstanceUid());
                switch (pair.state()) {
                    // Scored first, so that both scores are there whatever the order.
                    case MATCHED, SUPERSEDED, EXPIRED -> {}
                    case WAITING, AMBIGUOUS, SCORED, NOT_SCORED, ACCEPTED_UNCHANGED ->
                        pairs.change(pair, PairState.SUPERSEDED, "A later correction has arrived.");
                }
            }
        }

        void resolved(Pair pair, String counterpart, String by) {
            String mine = pair.referenceSop() == null ? pair.predictionSop() : pair.referenceSop();
            StoredInstance one = Objects.requireNonNull(known.get(Objects.requireNonNull(mine)));
            StoredInstance other = Objects.requireNonNull(known.get(counterpart));
            StoredInstance p = one.role() == Role.PREDICTION ? one : other;
            StoredInstance r = one.role() == Role.PREDICTION ? other : one;
            for (Pair waiting : pairs.ofStudy(uid)) {
                if (waiting.state() == PairState.WAITING && p.sopInstanceUid().equals(waiting.predictionSop())) {
                    pairs.change(
                            waiting,
                            PairState.SUPERSEDED,
                            "Its reference was found by a person: pair " + pair.id() + ".");
                }
            }
            meet(pair, p, r, "Chosen by " + by + ".");
        }

        private void match(StoredInstance p, StoredInstance r, String reason) {
            @Nullable Pair waiting = null;
            for (Pair pair : pairs.ofStudy(uid)) {
                if (p.sopInstanceUid().equals(pair.predictionSop())
                        && r.sopInstanceUid().equals(pair.referenceSop())) {
                    return;
                }
                boolean one = pair.referenceSop() == null && p.sopInstanceUid().equals(pair.predictionSop())
                        || pair.predictionSop() == null && r.sopInstanceUid().equals(pair.referenceSop());
                if (waiting == null && pair.state() == PairState.WAITING && one) {
                    waiting = pair;
                }
            }
            if (waiting == null) {
                UUID id = pairs.insert(
                        uid,
                        PairState.WAITING,
                        "Another reference or prediction of the same structures.",
                        p.sopInstanceUid(),
                        null,
                        List.of(),
                        p.keys());
                waiting = pairs.find(id).orElseThrow();
            }
            meet(waiting, p, r, reason);
        }

        private void meet(Pair pair, StoredInstance p, StoredInstance r, String reason) {
            Collection<String> keys = common(p, r);
            pairs.match(pair, p.sopInstanceUid(), r.sopInstanceUid(), keys, reason);
            pairs.evaluation(pair.id(), evaluations.submitKept(submission(pair.id(), p, r)));
        }

        private Submission submission(UUID id, StoredInstance p, StoredInstance r) {
            ModelName model = modelOf(p, applied);
            ObjectNode request = json.createObjectNode();
            request.put("caseId", uid);
            if (model.name != null) {
                ObjectNode node = request.putObject("model").put("name", model.name);
                if (model.version != null) {
                    node.put("version", model.version);
                }
            }
            if (p.source() != null) {
                request.put("site", p.source());
            }
            request.putObject("labels").put("pair", id.toString());
            request.set("protocol", json.valueToTree(applied.protocols()));
            Description description = new Description(
                    uid,
                    model.name,
                    model.name == null ? null : model.version,
                    p.source(),
                    Map.of("pair", id.toString()));
            return new Submission(
                    List.of(p.blob()), List.of(r.blob()), description, applied.protocols(), request.toString());
        }
    }

    /** Which model made a prediction. */
    private record ModelName(
            @Nullable String name, @Nullable String version) {}

    /** By the segments' algorithm identification; else by the registry; else by the equipment. */
    private static ModelName modelOf(StoredInstance p, PairingRules applied) {
        PairingRules.Model registered = applied.model(p);
        for (StoredSegment segment : p.segments()) {
            String name = segment.algorithmName();
            if (name != null && !name.isBlank()) {
                String version = segment.algorithmVersion();
                return new ModelName(
                        registered == null ? name : registered.name(),
                        version != null || registered == null ? version : registered.version());
            }
        }
        if (registered != null) {
            return new ModelName(registered.name(), registered.version());
        }
        return new ModelName(p.modelName(), null);
    }
}
