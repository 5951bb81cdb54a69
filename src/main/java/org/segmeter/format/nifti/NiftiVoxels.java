package org.segmeter.format.nifti;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.ReadOptions.Values;
import org.segmeter.format.gzip.ByteSource;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.EqualRuns;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.LabelMasks;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/** Reads the voxels of a NIfTI file once, under one assumption about what they mean. */
final class NiftiVoxels {

    /** A few slices at once: large enough to make calls cheap, small enough to stay in a cache. */
    private static final int CHUNK_BYTES = 1 << 18;

    /** What a probability may lie outside [0, 1] by rounding. */
    private static final double PROBABILITY_SLACK = 1e-6;

    /** An assumption about the values. */
    enum Meaning {
        /** One component of labels. */
        LABELS,
        /** A mask of 0 and 1 for each component. */
        CHANNELS,
        /** Real numbers; those from the request's threshold on are the mask of their component. */
        THRESHOLD,
        PROBABILITIES,
        LOGITS;

        Encoding encoding() {
            return switch (this) {
                case LABELS -> Encoding.LABELMAP;
                case CHANNELS, THRESHOLD -> Encoding.BINARY;
                case PROBABILITIES, LOGITS -> Encoding.PROBABILITY;
            };
        }
    }

    /** The values turned out to mean something else; the reading begins anew. */
    static final class AnotherMeaning extends RuntimeException {
        private static final long serialVersionUID = 1;
        final Meaning meaning;

        AnotherMeaning(Meaning meaning) {
            super(null, null, false, false);
            this.meaning = meaning;
        }
    }

    private final NiftiHeader header;
    private final ReadOptions options;
    private final ByteSource source;
    private final LabelReading reading;
    private long nanVoxels;

    /** @param source stands at the first voxel */
    NiftiVoxels(NiftiHeader header, ReadOptions options, ByteSource source) {
        this.header = header;
        this.options = options;
        this.source = source;
        this.reading = new LabelReading(header);
    }

    /** What the values are taken to mean before one was seen. */
    static Meaning firstGuess(NiftiHeader header, ReadOptions options) {
        return switch (options.values()) {
            case PROBABILITIES -> Meaning.PROBABILITIES;
            case LOGITS, SIGMOID_LOGITS -> Meaning.LOGITS;
            case UNDECLARED, LABELS -> header.components() == 1 ? Meaning.LABELS : Meaning.CHANNELS;
        };
    }

    /** NaN voxels met; they were taken as background. */
    long nanVoxels() {
        return nanVoxels;
    }

    List<SegmentVoxels> read(Meaning meaning) throws InputException {
        if (header.components() > options.limits().segments()) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The NIfTI file has more components than a segmentation may have segments.",
                    header.components() + " components",
                    "at most " + options.limits().segments());
        }
        return switch (meaning) {
            case LABELS -> labels();
            case CHANNELS, THRESHOLD -> masks(meaning);
            case PROBABILITIES -> probabilities();
            case LOGITS -> logits();
        };
    }

    private List<SegmentVoxels> labels() throws InputException {
        LabelMasks masks = newMasks(options.limits().segments());
        component(reading.label(0) != 0, (bits, from, to) -> {
            int label = reading.label(bits);
            if (label != 0) {
                masks.add(label, from, to);
            } else {
                notALabel(bits, from, to);
            }
        });
        List<SegmentVoxels> segments = new ArrayList<>();
        masks.masks().forEach((label, mask) -> segments.add(new SegmentVoxels(Segment.ofLabelValue(label), mask)));
        return segments;
    }

    private LabelMasks newMasks(int maxLabels) {
        return new LabelMasks(header.nx(), header.ny(), header.nz(), maxLabels);
    }

    /** A run that is background: really, because it is NaN, or because it is no label. */
    private void notALabel(long bits, long from, long to) throws InputException {
        if (reading.exact()) {
            return;
        }
        Double value = reading.notALabel();
        if (value == null) {
            countNan(bits, from, to);
            return;
        }
        if (options.values() == Values.UNDECLARED && options.threshold().isPresent()) {
            throw new AnotherMeaning(Meaning.THRESHOLD);
        }
        boolean likeProbability = value > 0 && value < 1;
        throw new InputException(
                InputProblem.NOT_A_LABEL_MAP,
                "The voxels are no labels: there is a value that is no whole number. "
                        + (likeProbability
                                ? "If they are probabilities or logits, declare so, or give a threshold."
                                : "If this is an image, send its segmentation; if the values are logits, declare so."),
                "value " + value,
                "whole numbers, or declared probabilities, logits or a threshold");
    }

    private void countNan(long bits, long from, long to) {
        if (bits != 0 && Double.isNaN(reading.value(bits))) {
            nanVoxels += to - from;
        }
    }

    private List<SegmentVoxels> masks(Meaning meaning) throws InputException {
        // As for probabilities: 0.7 stored in 32 bits means 0.7.
        float threshold = (float) options.threshold().orElse(0.5);
        List<SegmentVoxels> segments = new ArrayList<>();
        for (int c = 0; c < header.components(); c++) {
            LabelMasks masks = newMasks(1);
            if (meaning == Meaning.THRESHOLD) {
                component((float) reading.value(0) >= threshold, (bits, from, to) -> {
                    if ((float) reading.value(bits) >= threshold) {
                        masks.add(1, from, to);
                    } else {
                        countNan(bits, from, to);
                    }
                });
            } else {
                component(reading.value(0) != 0, (bits, from, to) -> {
                    int label = reading.label(bits);
                    if (label == 1) {
                        masks.add(1, from, to);
                    } else if (label != 0 || reading.notALabel() != null) {
                        notAChannel(reading.value(bits));
                    } else {
                        countNan(bits, from, to);
                    }
                });
            }
            SortedMap<Integer, Mask> one = masks.masks();
            Mask mask = one.isEmpty() ? new BitMask(Box.EMPTY) : one.get(1);
            if (mask != null) {
                segments.add(new SegmentVoxels(Segment.ofLabelValue(c + 1), mask));
            }
        }
        return segments;
    }

    private void notAChannel(double value) throws InputException {
        if (options.values() == Values.UNDECLARED && value != Math.rint(value)) {
            if (options.threshold().isPresent()) {
                throw new AnotherMeaning(Meaning.THRESHOLD);
            }
            if (value > 0 && value < 1) {
                throw new AnotherMeaning(Meaning.PROBABILITIES);
            }
        }
        throw ambiguous("value " + value);
    }

    private InputException ambiguous(String found) {
        return new InputException(
                InputProblem.AMBIGUOUS_DIMENSIONS,
                "The file has " + header.components()
                        + " volumes (dimensions 4 to 7), and their values are neither 0 and 1"
                        + " nor probabilities: it is not clear whether they are segments, time points or channels. Send"
                        + " one label map, or declare probabilities or logits.",
                header.components() + " volumes with " + found,
                "one volume, or one mask or probability map per segment");
    }

    private List<SegmentVoxels> probabilities() throws InputException {
        List<SegmentVoxels> segments = new ArrayList<>();
        for (int c = 0; c < header.components(); c++) {
            ProbabilityBuilder builder = newProbabilities();
            component(reading.value(0) != 0, (bits, from, to) -> {
                double p = reading.value(bits);
                if (Double.isNaN(p)) {
                    nanVoxels += to - from;
                    return;
                }
                if (p < -PROBABILITY_SLACK || p > 1 + PROBABILITY_SLACK) {
                    throw notAProbability(p);
                }
                float clamped = (float) Math.clamp(p, 0.0, 1.0);
                if (clamped != 0) {
                    builder.fill(from, to, clamped);
                }
            });
            segments.add(new SegmentVoxels(Segment.ofLabelValue(c + 1), builder.build()));
        }
        return segments;
    }

    private InputException notAProbability(double value) {
        if (options.values() == Values.UNDECLARED) {
            return ambiguous("value " + value);
        }
        return new InputException(
                InputProblem.NOT_A_LABEL_MAP,
                "The voxels are declared as probabilities, but there is a value outside 0 to 1. If they are logits,"
                        + " declare so.",
                "value " + value,
                "0 to 1");
    }

    private ProbabilityBuilder newProbabilities() throws InputException {
        if (header.voxels() > Integer.MAX_VALUE - 8) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "A probability map may have at most 2^31 voxels.",
                    header.voxels() + " voxels",
                    "fewer than 2^31");
        }
        return new ProbabilityBuilder(header.nx(), header.ny(), header.nz());
    }

    private List<SegmentVoxels> logits() throws InputException {
        List<ProbabilityBuilder> builders = new ArrayList<>();
        for (int c = 0; c < header.components(); c++) {
            ProbabilityBuilder builder = newProbabilities();
            component(true, (bits, from, to) -> {
                double logit = reading.value(bits);
                if (Double.isNaN(logit)) {
                    throw new InputException(
                            InputProblem.NOT_A_LABEL_MAP, "A logit is not a number.", "NaN", "numbers");
                }
                builder.fill(from, to, (float) logit);
            });
            builders.add(builder);
        }
        List<float[]> kept = new ArrayList<>();
        if (options.keepLogits()) {
            builders.forEach(builder -> kept.add(builder.whole()));
        }
        List<SegmentVoxels> segments = new ArrayList<>();
        Activation.apply(builders, options.values() == Values.LOGITS, header.nz(), options.cancel());
        for (int c = 0; c < builders.size(); c++) {
            ProbabilityBuilder builder = builders.get(c);
            segments.add(new SegmentVoxels(
                    Segment.ofLabelValue(c + 1),
                    kept.isEmpty()
                            ? builder.build()
                            : new ProbabilityVolume(
                                    new Box(0, 0, 0, header.nx(), header.ny(), header.nz()),
                                    builder.whole(),
                                    kept.get(c))));
        }
        return segments;
    }

    /** Hands the runs of the next component to a sink. */
    private void component(boolean zeros, EqualRuns.Sink sink) throws InputException {
        int width = header.type().width();
        long voxels = header.voxels();
        byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, voxels * width)];
        int perChunk = chunk.length / width;
        for (long first = 0; first < voxels; first += perChunk) {
            options.cancel().check();
            int n = (int) Math.min(perChunk, voxels - first);
            int read = source.read(chunk, 0, n * width);
            if (read < n * width) {
                throw new InputException(
                        InputProblem.TRUNCATED,
                        "The NIfTI file ends before its last voxel.",
                        "fewer voxel bytes",
                        header.voxelBytes() + " voxel bytes");
            }
            EqualRuns.forEach(chunk, 0, n, width, first, zeros, sink);
        }
    }
}
