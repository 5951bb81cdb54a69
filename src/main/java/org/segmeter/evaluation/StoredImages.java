package org.segmeter.evaluation;

import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.IntensityVolume;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * The images that are seen behind masks: those that were sent with them, or else those that the masks name, if they can be had. One is read at a time, and the last few are kept as long as memory is not needed for
 * something else: an image is many times larger than the masks on it.
 */
@Component
public final class StoredImages {

    private static final Logger log = LoggerFactory.getLogger(StoredImages.class);
    private static final int MOST_KEPT = 3;

    /** A part of the heap that scoring is not promised (see {@link MemoryBudget}). */
    private static final int PART_OF_HEAP = 8;

    private final EvaluationRows rows;
    private final BlobStore blobs;
    private final ImagesElsewhere elsewhere;
    private final SegmentationReader reader = SegmentationReader.standard();
    private final Map<List<Blob>, SoftReference<Shown>> kept = new LinkedHashMap<>(8, 0.75f, true);
    private final Semaphore turn = new Semaphore(1, true);
    private final CancelSignal ending = new CancelSignal();

    StoredImages(EvaluationRows rows, BlobStore blobs, ImagesElsewhere elsewhere) {
        this.rows = rows;
        this.blobs = blobs;
        this.elsewhere = elsewhere;
    }

    /**
     * An image with what is known of its values.
     *
     * @param least its least value
     * @param most its greatest value
     * @param level value that is to be half way between black and white, unless somebody wants something else
     * @param width difference of the values that are to be black and white, above 0
     */
    public record Shown(IntensityVolume image, double least, double most, double level, double width) {

        /** Hounsfield units of air and of bone: what reaches from one to the other is a CT. */
        private static final double AIR = -900;

        private static final double BONE = 300;

        static Shown of(IntensityVolume image) {
            double[] range = image.range();
            IntensityVolume.Window window = image.window();
            if (window != null) {
                return new Shown(image, range[0], range[1], window.level(), window.width());
            }
            if (range[0] <= AIR && range[1] >= BONE && range[0] >= -10_000) {
                return new Shown(image, range[0], range[1], 40, 400); // soft tissue
            }
            double[] ends = image.quantiles(0.01, 0.99);
            double width = ends[1] - ends[0];
            return width > 0
                    ? new Shown(image, range[0], range[1], (ends[0] + ends[1]) / 2, width)
                    : new Shown(image, range[0], range[1], (range[0] + range[1]) / 2, Math.max(range[1] - range[0], 1));
        }
    }

    /** What became of asking for an image. */
    public sealed interface Outcome permits Outcome.Ready, Outcome.None, Outcome.Failed, Unreadable {
        record Ready(Shown image) implements Outcome {}

        /** None was sent, and none can be had. */
        record None() implements Outcome {}

        /** None was sent, and whoever may have it did not answer as they should. */
        record Failed(String reason) implements Outcome {}
    }

    /** @param patience how long to wait for a turn to read it */
    public Outcome of(Evaluation evaluation, Duration patience) throws InterruptedException {
        if (rows.inputsRemoved(evaluation.id())) {
            return new Unreadable.Gone(true);
        }
        List<Evaluation.Input> images = evaluation.inputs().stream()
                .filter(input -> input.side() == Side.IMAGE)
                .toList();
        if (images.isEmpty() && !elsewhere.any()) {
            return new Outcome.None();
        }
        // What is fetched is known by the masks that it was fetched for.
        List<Evaluation.Input> inputs = images.isEmpty() ? evaluation.inputs() : images;
        List<Blob> content = inputs.stream().map(Evaluation.Input::blob).toList();
        Shown known = known(content);
        if (known != null) {
            return new Outcome.Ready(known);
        }
        if (!turn.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            return new Unreadable.Unavailable();
        }
        try {
            Shown meanwhile = known(content);
            Shown shown = meanwhile != null ? meanwhile : images.isEmpty() ? fetched(inputs) : read(inputs);
            if (shown == null) {
                return new Outcome.None();
            }
            keep(content, shown);
            return new Outcome.Ready(shown);
        } catch (BlobStore.Lost e) {
            return new Unreadable.Gone(false);
        } catch (InputException e) {
            return new Unreadable.Refused(e);
        } catch (ImagesElsewhere.Failed e) {
            return new Outcome.Failed(String.valueOf(e.getMessage()));
        } catch (CancellationException e) {
            return new Unreadable.Unavailable();
        } catch (IOException e) {
            log.warn("an image could not be read: {}", Reasons.describe(e));
            return new Unreadable.Unavailable();
        } finally {
            turn.release();
        }
    }

    private Shown read(List<Evaluation.Input> inputs) throws InputException, IOException {
        try (OpenInputs files = OpenInputs.ofImage(inputs, blobs)) {
            return read(files.side(Side.IMAGE).files());
        }
    }

    private Shown read(Collection<Path> files) throws InputException, IOException {
        ending.check();
        return Shown.of(reader.readImageFiles(
                List.copyOf(files),
                ReadOptions.defaults().withCancel(ending),
                Runtime.getRuntime().maxMemory() / PART_OF_HEAP));
    }

    /** Null if there is none. */
    private @Nullable Shown fetched(List<Evaluation.Input> masks)
            throws InputException, IOException, InterruptedException, ImagesElsewhere.Failed {
        try (OpenInputs files = OpenInputs.of(masks, blobs)) {
            List<Path> both = new ArrayList<>(files.side(Side.PREDICTION).files());
            both.addAll(files.side(Side.REFERENCE).files());
            try (ImagesElsewhere.Fetched images = elsewhere.fetch(both)) {
                return images == null ? null : read(images.files());
            }
        }
    }

    /** True if it may be worth asking for the image of an evaluation with which none was sent. */
    public boolean mayBeElsewhere() {
        return elsewhere.any();
    }

    private synchronized @Nullable Shown known(List<Blob> content) {
        SoftReference<Shown> known = kept.get(content);
        return known == null ? null : known.get();
    }

    private synchronized void keep(List<Blob> content, Shown shown) {
        kept.put(content, new SoftReference<>(shown));
        Iterator<List<Blob>> oldest = kept.keySet().iterator();
        for (int more = kept.size() - MOST_KEPT; more > 0; more--) {
            oldest.next();
            oldest.remove();
        }
    }

    @EventListener(ContextClosedEvent.class)
    void letGo() {
        ending.cancel();
    }
}
