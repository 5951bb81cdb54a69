package org.segmeter.scoring;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Voxels;

/**
 * The voxels that a scorecard is about, for looking at them: read, aligned, matched and restricted to what is scored in the same way.
 *
 * @param grid the evaluation grid
 * @param entries in the order of the scorecard's segments
 * @param prediction the voxels of any segment of the prediction
 * @param reference the voxels of any segment of the reference
 */
public record PairMasks(Grid grid, List<Entry> entries, BitMask prediction, BitMask reference) {

    /** A pair of matched segments, or one without counterpart: then the other mask is empty. */
    public record Entry(Segment segment, Mask prediction, Mask reference) {}

    public PairMasks {
        entries = List.copyOf(entries);
    }

    /**
     * Reads a pair of files.
     *
     * @param pool that helps; null: the calling thread does it all
     * @param mask voxels of any of its segments are scored, no others; null for all
     * @throws InputException if the pair cannot be scored
     * @throws IOException if a file cannot be read from disk
     * @throws CancellationException if the signal was given or the thread interrupted
     */
    public static PairMasks read(
            SegmentationReader reader,
            Protocols protocols,
            @Nullable ForkJoinPool pool,
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            ScoringOptions options,
            CancelSignal cancel)
            throws InputException, IOException {
        List<Protocol> chosen = new ArrayList<>();
        for (String id : options.protocols()) {
            chosen.add(protocols.require(id));
        }
        PairReader.Pair sides = new PairReader(reader, pool).read(prediction, reference, options, cancel);
        Scope scope = Scorer.scope(options, chosen);
        AlignedPair aligned = AlignedPair.of(
                sides.prediction(),
                sides.reference(),
                mask == null ? null : Scorer.readMask(reader, mask, options),
                options.withScope(scope),
                chosen.getFirst().geometry(),
                cancel);
        return of(aligned, Coverages.of(aligned, scope, sides.reference().grid()));
    }

    private static PairMasks of(AlignedPair aligned, Coverages coverages) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < aligned.pairs().size(); i++) {
            SegmentMatching.Pair pair = aligned.pairs().get(i);
            Coverage coverage = coverages.each().get(i);
            Voxels p = coverage.restrict(aligned.prediction().voxels(pair.prediction()));
            Voxels r = coverage.restrict(aligned.reference().voxels(pair.reference()));
            entries.add(new Entry(
                    pair.identity(),
                    aligned.prediction().hard(p),
                    aligned.reference().hard(r)));
        }
        return new PairMasks(
                aligned.alignment().evaluation(),
                entries,
                aligned.prediction().within(coverages.all()).union(),
                aligned.reference().within(coverages.all()).union());
    }

    /** About how much memory it keeps. */
    public long bytes() {
        long sum = 1024 + bytes(prediction) + bytes(reference);
        for (Entry entry : entries) {
            sum += 256 + bytes(entry.prediction()) + bytes(entry.reference());
        }
        return sum;
    }

    private static long bytes(Mask mask) {
        return switch (mask) {
            case BitMask bits -> 8L * bits.words().length;
            case PointMask points -> 4 * points.count();
        };
    }

    /** The smallest box that holds every voxel of both sides. */
    public Box box() {
        return prediction.box().union(reference.box());
    }
}
