package org.segmeter.format;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.segmeter.volume.Delineation;
import org.segmeter.volume.InputException;
import org.segmeter.volume.IntensityVolume;
import org.segmeter.volume.Segmentation;

/**
 * A format that can be read. Implementations have no state, are safe for use by several threads, read each input as hostile
 * (nothing is allocated or looped over before it was checked against what is left of the file), and throw nothing but
 * {@link InputException} and {@link java.util.concurrent.CancellationException} for any bytes whatever.
 */
public interface SegmentationFormat {

    /** True if the content of the first part is of this format, judged by its bytes. */
    boolean recognises(MemorySegment content);

    /** Reads the header only. */
    Inspection inspect(List<MemorySegment> parts, ReadOptions options) throws InputException;

    /**
     * Reads it all.
     *
     * @param parts the files of one side, at least one, in no particular order: a NIfTI file, a .hdr and its .img, DICOM instances
     */
    Segmentation read(List<MemorySegment> parts, ReadOptions options) throws InputException;

    /** As {@link #read}, and for a format of contours without a grid the contours, which {@link #read} refuses. */
    default Delineation readDelineation(List<MemorySegment> parts, ReadOptions options) throws InputException {
        return read(parts, options);
    }

    /**
     * Reads an image: something to see behind masks, which is never measured.
     *
     * @param mostBytes of memory that its voxels may take, two for each
     */
    IntensityVolume readImage(List<MemorySegment> parts, ReadOptions options, long mostBytes) throws InputException;
}
