package org.segmeter.evaluation;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.Inspection;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * The memory that all work with voxels shares. Work begins when what its headers declare is free, and in order; once it is decoded and its
 * structures are known it is promised what they take instead. If that is more and not free, it lets go of all it has, waits for the whole of
 * it and begins again: so nobody waits for others while holding what they wait for.
 */
public final class MemoryBudget {

    static final long MIB = 1L << 20;

    /** What an evaluation takes beside its voxels: buffers of decoding, the scorecard. */
    static final long BASE = 16 * MIB;

    /** How long whoever waits for memory does not notice that they are to stop. */
    private static final long LOOK_MILLIS = 200;

    private final SegmentationReader reader = SegmentationReader.standard();
    private final int limitMib;
    private final Free free;
    private final LongAdder refused = new LongAdder();
    private final LongAdder again = new LongAdder();

    /** @param limitBytes that all together may be promised */
    MemoryBudget(long limitBytes) {
        limitMib = (int) Math.min(Integer.MAX_VALUE, limitBytes / MIB);
        free = new Free(limitMib);
    }

    /**
     * What nobody was promised. Whoever waits for some keeps their place while they look whether they are to stop: a place that is given up and
     * taken anew is behind all others, and much is never free while they come and go.
     */
    private static final class Free {
        private final Deque<Object> waiting = new ArrayDeque<>();
        private int mib;

        Free(int mib) {
            this.mib = mib;
        }

        /** Takes it when it is there and all who came before have theirs. */
        synchronized void acquire(int wanted, CancelSignal cancel) throws InterruptedException {
            Object place = new Object();
            waiting.addLast(place);
            try {
                while (waiting.peekFirst() != place || mib < wanted) {
                    wait(LOOK_MILLIS);
                    cancel.check();
                }
                mib -= wanted;
            } finally {
                waiting.remove(place);
                notifyAll();
            }
        }

        /** Takes it if it is there, whoever waits. */
        synchronized boolean tryAcquire(int wanted) {
            boolean there = mib >= wanted;
            mib -= there ? wanted : 0;
            return there;
        }

        synchronized void release(int more) {
            mib += more;
            notifyAll();
        }

        synchronized int now() {
            return mib;
        }
    }

    /** Six tenths of the largest heap: the rest is for requests, the database's answers and the collector. */
    public static MemoryBudget ofHeap() {
        return new MemoryBudget(Runtime.getRuntime().maxMemory() / 10 * 6);
    }

    /** What is done once there is memory for it; done again from the start if it turns out to take more than there was. */
    public interface Work<T> {
        T run(Promise promise) throws InputException, IOException;
    }

    /** What work was promised. */
    public final class Promise {
        private int mib;

        private Promise(int mib) {
            this.mib = mib;
        }

        /**
         * From now on the work takes this much, which may be more or less than was promised. Called from the thread of the work, which must let
         * through what it throws.
         *
         * @param bytes beside what any evaluation takes
         * @param all false if it may take more: then it keeps what it was promised
         */
        public void becomes(long bytes, boolean all) {
            int wanted = all ? mib(BASE + bytes) : Math.max(mib, mib(BASE + bytes));
            if (wanted <= mib) {
                free.release(mib - wanted);
            } else if (!free.tryAcquire(wanted - mib)) {
                throw new Outgrown(wanted);
            }
            mib = wanted;
        }
    }

    /** Where it is known from how much memory work takes. */
    private enum Demand {
        DECLARED("declare more voxels than fit", "for what their headers declare"),
        FOUND("have structures that need more than fits", "to measure the structures that were found in them");

        private final String words;
        private final String reason;

        Demand(String words, String reason) {
            this.words = words;
            this.reason = reason;
        }
    }

    /** Work takes more than it was promised, and more is not free. */
    private static final class Outgrown extends RuntimeException {
        private final int mib;

        Outgrown(int mib) {
            super("takes " + mib + " MiB", null, false, false);
            this.mib = mib;
        }
    }

    /**
     * Lets something be done with both sides, once there is the memory for it that scoring them takes.
     *
     * @param mask of what is scored; null for all
     * @throws InputException if they could never fit, or what the work throws
     */
    public <T> T admitted(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            ScoringOptions options,
            CancelSignal cancel,
            Work<T> work)
            throws InputException, IOException {
        Inspection p = inspected(prediction, options.predictionReadOptions(), "prediction");
        Inspection r = inspected(reference, options.referenceReadOptions(), "reference");
        return admitted(BASE + declared(p, r) + declared(r, p) + ofMask(mask, options), cancel, work);
    }

    <T> T admitted(long bytes, CancelSignal cancel, Work<T> work) throws InputException, IOException {
        int wanted = mib(bytes);
        Demand demand = Demand.DECLARED;
        while (true) {
            if (wanted > limitMib) {
                refused.increment();
                throw new InputException(
                        InputProblem.TOO_LARGE,
                        "The two sides " + demand.words + " into the memory of this installation. "
                                + "Crop them, or give the service more heap (-Xmx or -XX:MaxRAMPercentage).",
                        wanted + " MiB " + demand.reason,
                        "at most " + limitMib + " MiB, six tenths of the heap");
            }
            acquire(wanted, cancel);
            Promise promise = new Promise(wanted);
            try {
                return work.run(promise);
            } catch (Outgrown e) {
                again.increment();
                wanted = e.mib;
                demand = Demand.FOUND;
            } finally {
                free.release(promise.mib);
            }
        }
    }

    private static int mib(long bytes) {
        return (int) Math.min(Integer.MAX_VALUE, (bytes + MIB - 1) / MIB);
    }

    private void acquire(int mib, CancelSignal cancel) {
        try {
            free.acquire(mib, cancel);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            cancel.check();
            throw new java.util.concurrent.CancellationException("interrupted");
        }
    }

    long ofMask(@Nullable ScoringInput mask, ScoringOptions options) throws InputException, IOException {
        if (mask == null) {
            return 0;
        }
        Inspection m = inspected(mask, ReadOptions.defaults().withLimits(options.limits()), "mask");
        return declared(m, m);
    }

    /**
     * An upper bound of what the voxels of a side take once decoded: never more than a float for each voxel and segment, and where
     * contours become voxels on the other side's grid, their points and what {@link org.segmeter.volume.ContourSet#onto} allows.
     */
    static long declared(Inspection header, Inspection other) {
        if (header.voxels() == 0) {
            return header.declaredVoxelBytes() + saturated(4, other.voxels());
        }
        long floats = saturated(saturated(4, header.voxels()), Math.max(1, header.segments()));
        return Math.min(header.declaredVoxelBytes(), floats);
    }

    Inspection inspected(ScoringInput side, ReadOptions options, String name) throws InputException, IOException {
        try {
            return reader.inspectFiles(side.files(), options);
        } catch (InputException e) {
            throw e.onSide(name);
        }
    }

    static long saturated(long a, long b) {
        return Math.multiplyHigh(a, b) == 0 && a * b >= 0 ? Math.min(a * b, Long.MAX_VALUE / 4) : Long.MAX_VALUE / 4;
    }

    /** Bytes that are promised now. */
    double promised() {
        return (double) (limitMib - free.now()) * MIB;
    }

    /** Bytes that may be promised. */
    double limit() {
        return (double) limitMib * MIB;
    }

    /** How many could never fit. */
    double refused() {
        return refused.doubleValue();
    }

    /** How many let go of what they had to wait for more. */
    double again() {
        return again.doubleValue();
    }
}
