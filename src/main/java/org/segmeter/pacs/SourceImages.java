package org.segmeter.pacs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.ImagesElsewhere;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.dicom.DicomInstance;
import org.segmeter.volume.InputException;
import org.springframework.stereotype.Component;

/**
 * The series that a segmentation says it was made from, fetched from a PACS of the configuration for somebody who looks at the masks;
 * nothing of it is kept on disk.
 */
@Component
final class SourceImages implements ImagesElsewhere {

    /** As many as an archive may have. */
    private static final int MOST_IMAGES = 4_096;

    private final Pull pull;

    SourceImages(Pull pull) {
        this.pull = pull;
    }

    @Override
    public boolean any() {
        return !pull.sources().isEmpty();
    }

    @Override
    public @Nullable Fetched fetch(List<Path> masks) throws Failed, IOException, InterruptedException {
        Failed failure = null;
        for (Path mask : masks) {
            DicomInstance instance = instance(mask);
            if (instance == null) {
                continue;
            }
            for (String series : instance.referencedSeries()) {
                for (String source : pull.sources().stream().sorted().toList()) {
                    try {
                        List<BlobStore.Incoming> images = pull.images(source, instance.studyUid(), series, MOST_IMAGES);
                        if (!images.isEmpty()) {
                            return new Images(images);
                        }
                    } catch (Pull.SourceFailed e) {
                        failure = new Failed(String.valueOf(e.getMessage()));
                    } catch (BlobStore.TooLarge e) {
                        failure = new Failed(
                                "An image is larger than is fetched from this source, %d bytes.".formatted(e.limit()));
                    }
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
        return null;
    }

    /** Null if it is no DICOM object. */
    private static @Nullable DicomInstance instance(Path mask) throws IOException {
        try (Arena arena = Arena.ofConfined();
                FileChannel file = FileChannel.open(mask, StandardOpenOption.READ)) {
            return DicomInstance.read(
                    file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena), ReadOptions.defaults());
        } catch (InputException e) {
            return null;
        }
    }

    private record Images(List<BlobStore.Incoming> received) implements Fetched {

        @Override
        public List<Path> files() throws IOException {
            List<Path> files = new ArrayList<>();
            for (BlobStore.Incoming image : received) {
                files.add(image.content());
            }
            return files;
        }

        @Override
        public void close() throws IOException {
            Pull.close(received);
        }
    }
}
