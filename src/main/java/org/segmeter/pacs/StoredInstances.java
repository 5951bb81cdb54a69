package org.segmeter.pacs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.dicom.DatasetSink;
import org.segmeter.format.dicom.DicomInstance;
import org.segmeter.volume.InputException;
import org.springframework.stereotype.Component;

/** The DICOM instances that are kept: segmentations that arrived and reports that were made of them. */
@Component
public final class StoredInstances {

    private final InstanceRows rows;
    private final BlobStore blobs;

    StoredInstances(InstanceRows rows, BlobStore blobs) {
        this.rows = rows;
        this.blobs = blobs;
    }

    public Optional<StoredInstance> find(String sopInstanceUid) {
        return rows.find(sopInstanceUid);
    }

    /**
     * The instances of a study, of one of its series, or one of them.
     *
     * @param seriesUid null for all of the study; likewise the instance
     */
    public List<StoredInstance> of(String studyUid, @Nullable String seriesUid, @Nullable String sopInstanceUid) {
        return rows.of(studyUid, seriesUid, sopInstanceUid);
    }

    /** The file that was received, byte for byte; to be closed. */
    public BlobStore.Content open(StoredInstance instance) throws IOException {
        return blobs.open(instance.blob());
    }

    /**
     * Tells the data set of an instance, without pixel data and values of more than 32 KiB.
     *
     * @throws IOException if it cannot be read
     */
    public void describe(StoredInstance instance, DatasetSink sink) throws IOException {
        try (BlobStore.Content content = open(instance);
                Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(content.file(), StandardOpenOption.READ)) {
            MemorySegment object = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            DicomInstance.describe(object, ReadOptions.defaults(), sink);
        } catch (InputException e) {
            throw new IOException("a stored instance cannot be described", e);
        }
    }
}
