package org.segmeter.scoring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ContourSet;
import org.segmeter.volume.Delineation;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segmentation;

/**
 * Decodes both sides of a pair; contours become voxels on the grid of the other side.
 *
 * @param pool that reads the reference meanwhile; null: the calling thread reads one after the other
 */
record PairReader(SegmentationReader reader, @Nullable ForkJoinPool pool) {

    /** Bytes of a side that are read faster than they are handed to another thread; compressed, they hold at most some megabytes. */
    private static final long LITTLE = 1 << 13;

    /** Both sides as they were stored. */
    record Pair(Segmentation prediction, Segmentation reference) {}

    /** Both sides, with probabilities alone where logits were declared. */
    Pair read(ScoringInput prediction, ScoringInput reference, ScoringOptions options, CancelSignal cancel)
            throws InputException, IOException {
        return read(prediction, reference, options, false, cancel);
    }

    /**
     * Reads the prediction and the reference of a pair, at the same time if there is a pool.
     *
     * @param keepLogits true to keep the prediction's logits beside its probabilities
     * @throws InputException if a side cannot be read; it names the side
     * @throws IOException if a file cannot be read from disk
     * @throws CancellationException if the signal was given or the thread interrupted
     */
    Pair read(
            ScoringInput prediction,
            ScoringInput reference,
            ScoringOptions options,
            boolean keepLogits,
            CancelSignal cancel)
            throws InputException, IOException {
        ReadOptions mine =
                options.predictionReadOptions().withKeptLogits(keepLogits).withCancel(cancel);
        ReadOptions theirs = options.referenceReadOptions().withCancel(cancel);
        if (pool == null || isLittle(prediction) && isLittle(reference)) {
            return pair(read(prediction, mine, "prediction"), read(reference, theirs, "reference"), mine, theirs);
        }
        ForkJoinTask<Delineation> other = pool.submit(() -> {
            return read(reference, theirs, "reference");
        });
        Delineation first;
        try {
            first = read(prediction, mine, "prediction");
        } catch (Throwable e) {
            // The other side's files are still mapped; they are let go before the failure is told.
            other.cancel(false);
            other.quietlyJoin();
            throw e;
        }
        try {
            return pair(first, other.get(), mine, theirs);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            cancel.cancel();
            throw new CancellationException("interrupted");
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            while (cause instanceof RuntimeException wrapped
                    && wrapped.getCause() != null
                    && !(cause instanceof CancellationException)) {
                cause = wrapped.getCause();
            }
            if (cause instanceof InputException input) {
                throw input;
            }
            if (cause instanceof IOException io) {
                throw io;
            }
            if (cause instanceof RuntimeException unexpected) {
                throw unexpected;
            }
            if (cause instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException("reading failed", cause);
        }
    }

    /** Waking another thread takes as long as reading so little. */
    private static boolean isLittle(ScoringInput input) throws IOException {
        long bytes = 0;
        for (Path file : input.files()) {
            bytes += Files.size(file);
        }
        return bytes <= LITTLE;
    }

    /** Contours become voxels on the grid of the other side. */
    private static Pair pair(Delineation prediction, Delineation reference, ReadOptions mine, ReadOptions theirs)
            throws InputException {
        if (prediction instanceof ContourSet && reference instanceof ContourSet) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_SOP_CLASS,
                    "Both sides are contours. Contours become voxels on the grid of the other side: send one side as"
                            + " DICOM Segmentation, Label Map Segmentation or NIfTI.",
                    "two RT Structure Sets",
                    "at least one side with a grid");
        }
        return new Pair(
                onto(reference, prediction, mine, "prediction"), onto(prediction, reference, theirs, "reference"));
    }

    private static Segmentation onto(Delineation other, Delineation side, ReadOptions options, String name)
            throws InputException {
        return switch (side) {
            case Segmentation voxels -> voxels;
            case ContourSet contours -> {
                if (!(other instanceof Segmentation placed)) {
                    throw new IllegalStateException("contours on both sides were refused");
                }
                if (!placed.source().patientGeometry()) {
                    throw new InputException(
                                    InputProblem.NO_PATIENT_GEOMETRY,
                                    "Contours lie in patient space, and the other side has no position there.",
                                    "a grid in pixels",
                                    "a grid in patient space")
                            .onSide(name);
                }
                try {
                    yield contours.onto(placed.grid(), options.limits().voxels(), options.cancel());
                } catch (InputException e) {
                    throw e.onSide(name);
                }
            }
        };
    }

    private Delineation read(ScoringInput input, ReadOptions options, String side) throws InputException, IOException {
        try {
            return reader.readDelineationOfFiles(input.files(), options);
        } catch (InputException e) {
            throw e.onSide(side);
        }
    }
}
