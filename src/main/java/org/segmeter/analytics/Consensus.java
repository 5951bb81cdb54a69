package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.RaterPatterns;
import org.segmeter.analytics.statistics.ReaderRange;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.evaluation.Side;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.scoring.ReaderMasks;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.springframework.stereotype.Component;

/** How far several readers agree about a structure, what they have in common, and whether a model is one of them. */
@Component
public final class Consensus {

    /** Voxels that the grid of all readers may have. */
    private static final long MOST_VOXELS = 1_000_000_000L;

    private final Evaluations evaluations;
    private final BlobStore store;
    private final KeptContent kept;
    private final Semaphore turn = new Semaphore(1);

    Consensus(Evaluations evaluations, BlobStore store, KeptContent kept) {
        this.evaluations = evaluations;
        this.store = store;
        this.kept = kept;
    }

    /** Where the segmentation of a reader, or of the model, comes from. */
    public sealed interface Source {

        /** A side of an evaluation whose files are stored. */
        record OfEvaluation(UUID evaluation, Side side) implements Source {}

        /**
         * Content that is stored already.
         *
         * @param sha256 of its files, in 64 lower-case hexadecimal digits each
         */
        record Stored(List<String> sha256) implements Source {
            public Stored {
                sha256 = List.copyOf(sha256);
            }
        }

        /**
         * A file that came with the question, and goes with it.
         *
         * @param sha256 of its content
         */
        record Sent(Path file, String sha256) implements Source {}
    }

    /** By which rule voxels belong to the consensus. */
    public enum Method {
        MAJORITY,
        STAPLE
    }

    /**
     * A question.
     *
     * @param readers from 2 on
     * @param model that is held to them; null for none
     * @param structure label or {@code #} and number; null for all foreground
     * @param margin voxels around all masks in which agreement and STAPLE are estimated
     */
    public record Question(
            List<Source> readers,
            @Nullable Source model,
            @Nullable String structure,
            int margin) {}

    /**
     * A reader.
     *
     * @param evaluation null for files
     * @param sha256 of its files; null for a side of an evaluation
     * @param ml volume of the structure
     * @param sensitivity and specificity by STAPLE, in the box
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Reader(
            @Nullable UUID evaluation,
            @Nullable String side,
            @Nullable List<String> sha256,
            double ml,
            @Nullable Double sensitivity,
            @Nullable Double specificity,
            @Nullable Double diceMajority,
            @Nullable Double diceStaple) {}

    /** Whether the model agrees with the readers as they do with each other, by Dice. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Model(
            List<@Nullable Double> dice,
            double modelMean,
            double readersLeast,
            double readersMean,
            double readersMost,
            boolean inside,
            @Nullable Double diceMajority,
            @Nullable Double diceStaple) {}

    /**
     * The answer; what is undefined, as the Dice of two empty masks, is null.
     *
     * @param box number of voxels along the axes of the box in which agreement was estimated
     * @param dice of each pair of readers
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Answer(
            @Nullable String structure,
            List<Integer> box,
            List<Reader> readers,
            List<List<@Nullable Double>> dice,
            @Nullable Double fleissKappa,
            @Nullable Double krippendorffAlpha,
            double majorityMl,
            double stapleMl,
            int stapleRounds,
            @Nullable String warning,
            @Nullable Model model) {}

    /**
     * Says how far readers agree.
     *
     * @throws InvalidQuery if an evaluation does not exist or its files are gone
     * @throws InputException if a file cannot be read, grids do not fit, or a structure is not there
     */
    public Answer of(Question question) throws InvalidQuery, InputException, IOException, InterruptedException {
        turn.acquire();
        try {
            ReaderMasks all = masks(question);
            int readers = question.readers().size();
            ReaderMasks own = new ReaderMasks(all.grid(), all.masks().subList(0, readers));
            double ml = all.grid().voxelVolumeMm3() / 1000;
            Box box = own.roi(question.margin());
            RaterPatterns patterns = new RaterPatterns(readers, own.patterns(box));
            RaterPatterns.Staple staple = patterns.staple();
            BitMask majority = own.chosen(patterns.majority());
            BitMask consensus = own.chosen(staple.chosen());
            List<List<@Nullable Double>> dice = new ArrayList<>();
            List<Double> pairs = new ArrayList<>();
            for (int a = 0; a < readers; a++) {
                List<@Nullable Double> row = new ArrayList<>();
                for (int b = 0; b < readers; b++) {
                    Double value = Aggregates.finite(patterns.dice(a, b));
                    row.add(value);
                    if (b > a && value != null) {
                        pairs.add(value);
                    }
                }
                dice.add(row);
            }
            List<Reader> told = new ArrayList<>();
            for (int r = 0; r < readers; r++) {
                Source source = question.readers().get(r);
                told.add(new Reader(
                        source instanceof Source.OfEvaluation of ? of.evaluation() : null,
                        source instanceof Source.OfEvaluation of ? of.side().word() : null,
                        digests(source),
                        patterns.size(r) * ml,
                        Aggregates.finite(staple.sensitivity()[r]),
                        Aggregates.finite(staple.specificity()[r]),
                        dice(own.masks().get(r), majority),
                        dice(own.masks().get(r), consensus)));
            }
            return new Answer(
                    question.structure(),
                    List.of(box.nx(), box.ny(), box.nz()),
                    told,
                    dice,
                    Aggregates.finite(patterns.fleissKappa()),
                    Aggregates.finite(patterns.krippendorffAlpha()),
                    majority.count() * ml,
                    consensus.count() * ml,
                    staple.rounds(),
                    staple.inverted()
                            ? "STAPLE exchanged inside and outside for a reader: its result means nothing, take the"
                                    + " majority"
                            : readers < 3 ? "two readers: a majority is what both have" : null,
                    question.model() == null ? null : model(all.masks().get(readers), own, majority, consensus, pairs));
        } finally {
            turn.release();
        }
    }

    /** The consensus as a gzip-compressed NIfTI file of one label. */
    public byte[] nifti(Question question, Method method)
            throws InvalidQuery, InputException, IOException, InterruptedException {
        turn.acquire();
        try {
            ReaderMasks all = masks(new Question(question.readers(), null, question.structure(), question.margin()));
            RaterPatterns patterns = new RaterPatterns(all.masks().size(), all.patterns(all.roi(question.margin())));
            BitMask mask = all.chosen(
                    switch (method) {
                        case MAJORITY -> patterns.majority();
                        case STAPLE -> patterns.staple().chosen();
                    });
            String label = question.structure() == null || question.structure().startsWith("#")
                    ? "consensus"
                    : question.structure();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            NiftiWriter.writeGzip(
                    new Segmentation(
                            all.grid(),
                            Segmentation.Encoding.LABELMAP,
                            List.of(new Segmentation.SegmentVoxels(
                                    new Segment(1, label, null, null, null, null), mask)),
                            new Segmentation.Source("nifti-1", null, true, List.of())),
                    out);
            return out.toByteArray();
        } finally {
            turn.release();
        }
    }

    private static Model model(BitMask mask, ReaderMasks readers, BitMask majority, BitMask staple, List<Double> pairs)
            throws InvalidQuery {
        List<@Nullable Double> dice = new ArrayList<>();
        List<Double> known = new ArrayList<>();
        for (BitMask reader : readers.masks()) {
            Double value = dice(mask, reader);
            dice.add(value);
            if (value != null) {
                known.add(value);
            }
        }
        if (known.isEmpty() || pairs.isEmpty()) {
            throw new InvalidQuery("structure", "has no voxel for any of the readers");
        }
        ReaderRange range = ReaderRange.of(
                pairs.stream().mapToDouble(Double::doubleValue).toArray(),
                known.stream().mapToDouble(Double::doubleValue).toArray());
        return new Model(
                dice,
                range.modelMean(),
                range.least(),
                range.readerMean(),
                range.most(),
                range.inside(),
                dice(mask, majority),
                dice(mask, staple));
    }

    private static @Nullable Double dice(BitMask a, BitMask b) {
        return Aggregates.finite(2.0 * a.intersectionCount(b) / (a.count() + b.count()));
    }

    private ReaderMasks masks(Question question) throws InvalidQuery, InputException, IOException {
        List<Source> sources = new ArrayList<>(question.readers());
        if (question.model() != null) {
            sources.add(question.model());
        }
        List<Segmentation> readings = new ArrayList<>();
        for (Source source : sources) {
            readings.add(read(source));
        }
        return ReaderMasks.of(readings, question.structure(), MOST_VOXELS);
    }

    private static @Nullable List<String> digests(Source source) {
        return switch (source) {
            case Source.OfEvaluation of -> null;
            case Source.Stored stored -> stored.sha256();
            case Source.Sent sent -> List.of(sent.sha256());
        };
    }

    private Segmentation read(Source source) throws InvalidQuery, InputException, IOException {
        return switch (source) {
            case Source.Sent sent -> read(List.of(sent.file()));
            case Source.OfEvaluation of -> readStored(blobs(of), "are sides of evaluations whose files are still kept");
            case Source.Stored stored -> readStored(blobs(stored), "are files whose content is still kept");
        };
    }

    private List<Blob> blobs(Source.OfEvaluation of) throws InvalidQuery {
        Evaluation evaluation = evaluations
                .find(of.evaluation())
                .orElseThrow(() -> new InvalidQuery("readers", "are sides of evaluations that exist"));
        return evaluation.inputs().stream()
                .filter(input -> input.side() == of.side())
                .map(Evaluation.Input::blob)
                .toList();
    }

    private List<Blob> blobs(Source.Stored stored) throws InvalidQuery {
        Map<String, Blob> known = kept.locked(stored.sha256());
        List<Blob> blobs = new ArrayList<>();
        for (String digest : stored.sha256()) {
            Blob blob = known.get(digest);
            if (blob == null) {
                throw new InvalidQuery("readers", "are files that are stored: no content has one of these SHA-256");
            }
            blobs.add(blob);
        }
        return blobs;
    }

    private Segmentation readStored(List<Blob> blobs, String rule) throws InvalidQuery, InputException, IOException {
        if (blobs.isEmpty()) {
            throw new InvalidQuery("readers", rule);
        }
        List<BlobStore.Content> open = new ArrayList<>();
        try {
            List<Path> files = new ArrayList<>();
            for (Blob blob : blobs) {
                BlobStore.Content content = store.open(blob);
                open.add(content);
                files.add(content.file());
            }
            return read(files);
        } catch (BlobStore.Lost e) {
            throw new InvalidQuery("readers", rule);
        } finally {
            open.forEach(BlobStore.Content::close);
        }
    }

    private static Segmentation read(List<Path> files) throws InputException, IOException {
        return SegmentationReader.standard()
                .readFiles(files, ReadOptions.defaults().withLimits(ReadLimits.DEFAULT));
    }
}
