package org.segmeter.metric.fragility;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How much a Dice value can bear: the class, and the sentences that explain it to a person.
 *
 * @param anatomy of the value
 * @param envelope of the reference; null where it is empty
 * @param kind what limits the value
 * @param sentence why
 * @param smallObjectWarning null unless one voxel changes the value by 0.01 or more
 */
public record Fragility(
        DiceAnatomy anatomy,
        @Nullable Envelope envelope,
        Kind kind,
        String sentence,
        @Nullable String smallObjectWarning) {

    /** What limits a Dice value. */
    public enum Kind {
        /** The reference is empty. */
        NO_REFERENCE,
        /** Not a voxel is shared. */
        NO_OVERLAP,
        /** The loss is no larger than that of a boundary one voxel off: the value is as good as it gets on this grid. */
        NOISE_LIMITED,
        /** Most of the loss comes from a wrong volume. */
        VOLUME_LIMITED,
        /** Most of the loss comes from voxels in the wrong place. */
        PLACEMENT_LIMITED
    }

    /** From how large a change by one voxel on a structure counts as small. */
    private static final double SMALL = 0.01;

    /** @param envelope of the reference; null if and only if it is empty */
    public static Fragility of(DiceAnatomy anatomy, @Nullable Envelope envelope) {
        Kind kind = kind(anatomy, envelope);
        return new Fragility(anatomy, envelope, kind, sentence(kind, anatomy, envelope), warning(anatomy));
    }

    private static Kind kind(DiceAnatomy anatomy, @Nullable Envelope envelope) {
        if (envelope == null) {
            return Kind.NO_REFERENCE;
        }
        if (anatomy.tp() == 0) {
            return Kind.NO_OVERLAP;
        }
        if (anatomy.dice() >= envelope.diceOneVoxelOff()) {
            return Kind.NOISE_LIMITED;
        }
        return anatomy.volumePart() >= anatomy.placementPart() ? Kind.VOLUME_LIMITED : Kind.PLACEMENT_LIMITED;
    }

    private static String sentence(Kind kind, DiceAnatomy a, @Nullable Envelope envelope) {
        double off = envelope == null ? 0 : envelope.diceOneVoxelOff();
        return switch (kind) {
            case NO_REFERENCE -> "The reference has no voxel, so every predicted voxel is wrong whatever its place.";
            case NO_OVERLAP -> "Prediction and reference share no voxel; Dice cannot tell a near miss from a far one.";
            case NOISE_LIMITED ->
                text(
                        "A boundary one voxel off gives a Dice of %.3f for this structure, so %.3f is as good as can be told"
                                + " on this grid.",
                        off, a.dice());
            case VOLUME_LIMITED ->
                text(
                        "Of the loss of %.3f, %.3f comes from the volume (prediction %d, reference %d voxels), which allows no"
                                + " Dice above %.3f.",
                        1 - a.dice(), a.volumePart(), a.tp() + a.fp(), a.tp() + a.fn(), a.ceiling());
            case PLACEMENT_LIMITED ->
                text(
                        "Of the loss of %.3f, %.3f comes from voxels in the wrong place; a boundary one voxel off would"
                                + " explain %.3f.",
                        1 - a.dice(), a.placementPart(), 1 - off);
        };
    }

    private static @Nullable String warning(DiceAnatomy a) {
        double worst = Math.abs(a.byOneMoreMiss());
        if (a.tp() == 0) {
            worst = a.byOneMissFound();
        }
        if (worst < SMALL) {
            return null;
        }
        List<String> parts = new ArrayList<>();
        parts.add(text("One voxel changes this Dice by up to %.3f", worst));
        if (a.tp() + a.fn() == 1) {
            parts.add("a single wrong voxel of a one-voxel object moves the loss from 0 to 1");
        }
        parts.add("distances and detection say more about a structure this small");
        return String.join("; ", parts) + ".";
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
