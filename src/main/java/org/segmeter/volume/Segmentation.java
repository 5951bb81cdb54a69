package org.segmeter.volume;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One or more segments on one grid, as read from one side of an evaluation.
 *
 * @param grid where the voxels are
 * @param encoding how the source stored them
 * @param segments every segment that the source declares, in its order; a declared segment without a voxel is there with an empty mask
 * @param source what it was read from
 */
public record Segmentation(Grid grid, Encoding encoding, List<SegmentVoxels> segments, Source source)
        implements Delineation {

    /** How the voxels were stored. */
    public enum Encoding {
        /** A bit mask for each segment; segments may overlap. */
        BINARY,
        /** One label per voxel; segments cannot overlap. Voxels of every segment are a {@link Mask}. */
        LABELMAP,
        /** A probability or occupancy for each voxel and segment. Voxels of every segment are a {@link ProbabilityVolume}. */
        PROBABILITY
    }

    /** A segment and its voxels. */
    public record SegmentVoxels(Segment segment, Voxels voxels) {}

    /**
     * @param format stable name of the format for scorecards and metrics, for example {@code nifti-1}, {@code nifti-2},
     *     {@code dicom-seg}, {@code dicom-labelmap}, {@code dicom-rtstruct}
     * @param frameOfReferenceUid DICOM Frame of Reference UID; null where the format has none (NIfTI)
     * @param patientGeometry false if the source says nothing of patient space and the grid is in pixel units
     * @param notices what a reader accepted with a remark, each a sentence without patient data
     */
    public record Source(
            String format, @Nullable String frameOfReferenceUid, boolean patientGeometry, List<String> notices) {
        public Source {
            notices = List.copyOf(notices);
        }
    }

    public Segmentation {
        segments = List.copyOf(segments);
        Set<Integer> numbers = new HashSet<>();
        for (SegmentVoxels s : segments) {
            if (!numbers.add(s.segment().number())) {
                throw new IllegalArgumentException(
                        "segment number " + s.segment().number() + " occurs twice");
            }
        }
    }
}
