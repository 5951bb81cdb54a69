package org.segmeter.analytics;

import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.IsoFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.JsonDocument;
import tools.jackson.databind.JsonNode;

/**
 * All values of one metric in columns: 16 bytes for a value. Values are only added; those of an evaluation that was removed are passed
 * over. Answers are those of {@link ValueRows}, whose conditions are the definition.
 */
final class MetricColumns {

    private static final long MICROS_OF_A_DAY = 86_400_000_000L;
    private static final int FIRST = 1 << 10;

    /** Makes days before 1970 positive. */
    private static final long TIME_OFFSET = 1L << 22;

    /** Different descriptions of evaluations, and different kinds of values, that are told apart. */
    private static final int MOST_DIFFERENT = 1 << 20;

    /** Bits of a value's state beside its kind. */
    private static final int STATE_BITS = 3;

    /** In the order of the bytes that the database keeps for them; what is not among them is another. */
    private enum State {
        OK,
        BOTH_EMPTY,
        REFERENCE_EMPTY,
        PREDICTION_EMPTY,
        NOT_APPLICABLE,
        NOT_SCORED,
        OTHER
    }

    private static final State[] STATES = State.values();

    /** What values are told apart by, beside their evaluation. */
    record Kind(
            int segmentIndex,
            @Nullable String label,
            @Nullable Integer number,
            String parameters,
            String unit) {

        /** As {@link Dimension#STRUCTURE}. */
        @Nullable
        String structure() {
            return label != null ? label : segmentIndex == -1 ? "*" : number == null ? null : "#" + number;
        }

        /** The same for all segments of a structure: their places do not matter, only whether they are all foreground together. */
        static Kind of(
                int segmentIndex, @Nullable String label, @Nullable Integer number, String parameters, String unit) {
            return new Kind(Math.min(segmentIndex, 0), label, number, parameters, unit);
        }

        boolean matches(@Nullable String structure) {
            if (structure == null) {
                return segmentIndex >= 0;
            }
            if (structure.equals("*")) {
                return segmentIndex == -1 && label == null;
            }
            if (structure.matches("#[0-9]{1,9}")) {
                return label == null && number != null && number == Integer.parseInt(structure.substring(1));
            }
            return structure.equals(label);
        }
    }

    /**
     * A value that is not there because one side is empty.
     *
     * @param evaluation its number
     */
    record Missing(List<@Nullable String> key, String parameters, int evaluation) {}

    /** What the smallest take. */
    private static final long LEAST_BYTES = 1L << 16;

    private final Dictionary<Kind> kinds = new Dictionary<>();
    private int[] evaluation = new int[FIRST];
    private int[] kindAndState = new int[FIRST];
    private double[] value = new double[FIRST];
    private int size;

    /** Numbers of the evaluations whose values are all here, and of those whose values are being added. */
    private final BitSet complete = new BitSet();

    private final BitSet begun = new BitSet();

    /**
     * Adds a value, unless the evaluation's values were complete already.
     *
     * @param of number of the evaluation
     * @param number NaN where there is none
     * @param state as the database keeps it
     */
    void add(int of, Kind kind, double number, int state) {
        if (complete.get(of)) {
            return;
        }
        begun.set(of);
        if (size == value.length) {
            evaluation = Arrays.copyOf(evaluation, 2 * size);
            kindAndState = Arrays.copyOf(kindAndState, 2 * size);
            value = Arrays.copyOf(value, 2 * size);
        }
        evaluation[size] = of;
        kindAndState[size] = kinds.number(kind) << STATE_BITS
                | (state >= 0 && state < State.OTHER.ordinal() ? state : State.OTHER.ordinal());
        value[size] = number;
        size++;
    }

    /** All values of those evaluations that have some are here now. */
    void completed() {
        complete.or(begun);
        begun.clear();
    }

    /** True if more are different than can be told apart here. */
    boolean isTooVaried(EvaluationColumns evaluations) {
        return evaluations.different() > MOST_DIFFERENT || kinds.size() > MOST_DIFFERENT;
    }

    long bytes() {
        return LEAST_BYTES + 16L * value.length + 200L * kinds.size() + complete.size() / 8;
    }

    /** What there is at this moment; what is added later is not seen, what is removed may be. */
    View view(EvaluationColumns evaluations) {
        return new View(evaluations.view(), kinds.all(), evaluation, kindAndState, value, size);
    }

    /** Columns that nobody writes any more, as far as they are looked at. */
    static final class View {
        private final List<EvaluationColumns.About> abouts;
        private final List<Kind> kinds;
        private final long[] submitted;
        private final int[] about;
        private final int[] evaluation;
        private final int[] kindAndState;
        private final double[] value;
        private final int size;

        private View(
                EvaluationColumns.View evaluations,
                List<Kind> kinds,
                int[] evaluation,
                int[] kindAndState,
                double[] value,
                int size) {
            abouts = evaluations.abouts();
            submitted = evaluations.submitted();
            about = evaluations.about();
            this.kinds = kinds;
            this.evaluation = evaluation;
            this.kindAndState = kindAndState;
            this.value = value;
            this.size = size;
        }

        /**
         * As {@link ValueRows#groups}, in no order.
         *
         * @param tenant whose results are seen; empty for all
         */
        List<ValueRows.Group> groups(ResultFilter filter, List<Dimension> by, String tenant) {
            List<Gathered> found = new ArrayList<>();
            gather(filter, by, true, tenant, found, (group, state, number, of) -> {
                switch (state) {
                    case OK -> {
                        if (Double.isNaN(number)) {
                            group.notScored++;
                        } else {
                            group.detected.add(number);
                        }
                    }
                    case PREDICTION_EMPTY, REFERENCE_EMPTY -> {
                        if (state == State.PREDICTION_EMPTY) {
                            group.misses++;
                        } else {
                            group.hallucinations++;
                        }
                        if (!Double.isNaN(number)) {
                            group.oneEmpty.add(number);
                        }
                    }
                    case BOTH_EMPTY -> group.agreedAbsent++;
                    case NOT_APPLICABLE, NOT_SCORED -> group.notScored++;
                    case OTHER -> {
                        // Of no state that is counted.
                    }
                }
            });
            return found.stream().map(Gathered::group).toList();
        }

        /** Sums of all values of each key, whatever their parameters and states. */
        Map<List<@Nullable String>, Double> sums(ResultFilter filter, List<Dimension> by, String tenant) {
            List<Gathered> found = new ArrayList<>();
            gather(filter, by, false, tenant, found, (group, state, number, of) -> {
                if (!Double.isNaN(number)) {
                    group.sum += number;
                }
            });
            Map<List<@Nullable String>, Double> sums = new LinkedHashMap<>();
            found.forEach(group -> sums.put(group.key, group.sum));
            return sums;
        }

        /** As {@link ValueRows#missing}, all of them, in no order. */
        List<Missing> missing(ResultFilter filter, List<Dimension> by, String tenant) {
            List<Missing> all = new ArrayList<>();
            gather(filter, by, true, tenant, new ArrayList<>(), (group, state, number, of) -> {
                if (Double.isNaN(number) && (state == State.PREDICTION_EMPTY || state == State.REFERENCE_EMPTY)) {
                    all.add(new Missing(group.key, group.parameters, of));
                }
            });
            return all;
        }

        private interface Counting {
            /** @param of number of the evaluation */
            void count(Gathered group, State state, double number, int of);
        }

        private void gather(
                ResultFilter filter,
                List<Dimension> by,
                boolean byParameters,
                String tenant,
                List<Gathered> found,
                Counting counting) {
            List<Dimension> ofEvaluations = by.stream()
                    .filter(d -> d != Dimension.STRUCTURE && !d.isTime())
                    .toList();
            List<Dimension> times = by.stream().filter(Dimension::isTime).toList();
            int[] aboutKey = aboutKeys(filter, ofEvaluations, tenant);
            int[] kindKey = kindKeys(filter, by.contains(Dimension.STRUCTURE), byParameters);
            long from = filter.from() == null ? Long.MIN_VALUE : micros(filter.from());
            long to = filter.to() == null ? Long.MAX_VALUE : micros(filter.to());
            Groups groups = new Groups();
            long lastKey = -1;
            Gathered last = null;
            for (int i = 0; i < size; i++) {
                int of = evaluation[i];
                int what = about[of];
                int kind = kindAndState[i] >>> STATE_BITS;
                if (what == EvaluationColumns.REMOVED
                        || aboutKey[what] < 0
                        || kindKey[kind] < 0
                        || submitted[of] < from
                        || submitted[of] >= to) {
                    continue;
                }
                long time = times.isEmpty() ? 0 : time(times, submitted[of]);
                long key = ((long) aboutKey[what] << 20 | kindKey[kind]) << 23 | time;
                if (last == null || key != lastKey) {
                    last = groups.of(key);
                    if (last == null) {
                        last = new Gathered(
                                key(by, abouts.get(what), kinds.get(kind), submitted[of]),
                                kinds.get(kind).parameters(),
                                kinds.get(kind).unit());
                        groups.put(key, last);
                        found.add(last);
                    }
                    lastKey = key;
                }
                counting.count(last, STATES[kindAndState[i] & (1 << STATE_BITS) - 1], value[i], of);
            }
        }

        /** A number for those that are grouped together; -1 for those that do not match. */
        private int[] aboutKeys(ResultFilter filter, List<Dimension> by, String tenant) {
            Dictionary<List<@Nullable String>> keys = new Dictionary<>();
            int[] numbers = new int[abouts.size()];
            for (int i = 0; i < numbers.length; i++) {
                EvaluationColumns.About one = abouts.get(i);
                boolean matches = tenant.isEmpty() || tenant.equals(one.tenant());
                for (Map.Entry<Dimension, String> wanted : filter.equal().entrySet()) {
                    matches &= wanted.getKey() == Dimension.STRUCTURE
                            || wanted.getValue().equals(one.value(wanted.getKey()));
                }
                List<@Nullable String> key = new ArrayList<>();
                by.forEach(dimension -> key.add(one.value(dimension)));
                numbers[i] = matches ? keys.number(key) : -1;
            }
            return numbers;
        }

        private int[] kindKeys(ResultFilter filter, boolean byStructure, boolean byParameters) {
            Dictionary<List<@Nullable String>> keys = new Dictionary<>();
            int[] numbers = new int[kinds.size()];
            for (int i = 0; i < numbers.length; i++) {
                Kind one = kinds.get(i);
                boolean matches = one.matches(filter.value(Dimension.STRUCTURE))
                        && (filter.parameters() == null || isSame(filter.parameters(), one.parameters()));
                List<@Nullable String> key = new ArrayList<>();
                key.add(byStructure ? one.structure() : null);
                key.add(byParameters ? one.parameters() : null);
                numbers[i] = matches ? keys.number(key) : -1;
            }
            return numbers;
        }

        /** The same for times that are grouped together; 0 or above, and below 2^23. */
        private static long time(List<Dimension> times, long micros) {
            long day = Math.floorDiv(micros, MICROS_OF_A_DAY);
            if (times.contains(Dimension.DAY)) {
                return day + TIME_OFFSET;
            }
            long week = Math.floorDiv(day + 3, 7); // 1970 began on a Thursday
            if (!times.contains(Dimension.MONTH)) {
                return week + TIME_OFFSET;
            }
            LocalDate date = LocalDate.ofEpochDay(day);
            if (!times.contains(Dimension.WEEK)) {
                return 12L * date.getYear() + date.getMonthValue();
            }
            // A week has days of two months at most.
            boolean later =
                    date.getMonthValue() != LocalDate.ofEpochDay(7 * week - 3).getMonthValue();
            return 2 * week + (later ? 1 : 0) + TIME_OFFSET;
        }

        private static List<@Nullable String> key(
                List<Dimension> by, EvaluationColumns.About about, Kind kind, long micros) {
            LocalDate date = LocalDate.ofEpochDay(Math.floorDiv(micros, MICROS_OF_A_DAY));
            List<@Nullable String> key = new ArrayList<>(by.size());
            for (Dimension dimension : by) {
                key.add(
                        switch (dimension) {
                            case STRUCTURE -> kind.structure();
                            case DAY -> date.toString();
                            case WEEK ->
                                String.format(
                                        Locale.ROOT,
                                        "%04d-W%02d",
                                        date.get(IsoFields.WEEK_BASED_YEAR),
                                        date.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
                            case MONTH -> String.format(Locale.ROOT, "%04d-%02d", date.getYear(), date.getMonthValue());
                            default -> about.value(dimension);
                        });
            }
            return Collections.unmodifiableList(key);
        }

        private static long micros(Instant time) {
            return 1_000_000 * time.getEpochSecond() + (time.getNano() + 500) / 1000;
        }
    }

    /** Whether two texts are the same JSON, as the database's jsonb has it: 1 and 1.0 are. */
    static boolean isSame(String a, String b) {
        return a.equals(b) || isSame(JsonDocument.read(a), JsonDocument.read(b));
    }

    private static boolean isSame(JsonNode a, JsonNode b) {
        if (a.isNumber() && b.isNumber()) {
            return a.decimalValue().compareTo(b.decimalValue()) == 0;
        }
        if (a.isContainer() && b.isContainer() && a.isObject() == b.isObject() && a.size() == b.size()) {
            if (a.isObject()) {
                return a.propertyNames().stream().allMatch(name -> b.has(name) && isSame(a.get(name), b.get(name)));
            }
            for (int i = 0; i < a.size(); i++) {
                if (!isSame(a.get(i), b.get(i))) {
                    return false;
                }
            }
            return true;
        }
        return Objects.equals(a, b);
    }

    private static final class Numbers {
        private double[] all = new double[16];
        private int size;

        void add(double one) {
            if (size == all.length) {
                all = Arrays.copyOf(all, 2 * size);
            }
            all[size++] = one;
        }

        double[] toArray() {
            return Arrays.copyOf(all, size);
        }
    }

    /** A group that is being counted. */
    private static final class Gathered {
        final List<@Nullable String> key;
        final String parameters;
        final String unit;
        final Numbers detected = new Numbers();
        final Numbers oneEmpty = new Numbers();
        long misses;
        long hallucinations;
        long agreedAbsent;
        long notScored;
        double sum;

        Gathered(List<@Nullable String> key, String parameters, String unit) {
            this.key = key;
            this.parameters = parameters;
            this.unit = unit;
        }

        ValueRows.Group group() {
            return new ValueRows.Group(
                    key,
                    parameters,
                    unit,
                    detected.toArray(),
                    oneEmpty.toArray(),
                    misses,
                    hallucinations,
                    agreedAbsent,
                    notScored);
        }
    }

    /** Groups by their keys, which are 0 or above. */
    private static final class Groups {
        private long[] keys = new long[256];
        private @Nullable Gathered[] groups = new Gathered[256];
        private int size;

        @Nullable
        Gathered of(long key) {
            return groups[slot(key)];
        }

        void put(long key, Gathered group) {
            if (2 * ++size > keys.length) {
                long[] oldKeys = keys;
                @Nullable Gathered[] old = groups;
                keys = new long[2 * oldKeys.length];
                groups = new Gathered[keys.length];
                for (int i = 0; i < old.length; i++) {
                    if (old[i] != null) {
                        int slot = slot(oldKeys[i]);
                        keys[slot] = oldKeys[i];
                        groups[slot] = old[i];
                    }
                }
            }
            int slot = slot(key);
            keys[slot] = key;
            groups[slot] = group;
        }

        private int slot(long key) {
            int mask = keys.length - 1;
            int slot = (int) (key * 0x9E3779B97F4A7C15L >>> 40) & mask;
            while (groups[slot] != null && keys[slot] != key) {
                slot = slot + 1 & mask;
            }
            return slot;
        }
    }
}
