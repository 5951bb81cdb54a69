package org.segmeter.format.dicom;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which elements to keep. Everything else is walked over or skipped and leaves no trace in memory.
 *
 * @param tags elements that are no sequences, ascending
 * @param sequences sequences that are entered, ascending; of other sequences nothing is kept
 * @param all true to keep every element and enter every sequence
 */
record Selection(int[] tags, int[] sequences, boolean all) {

    /** Everything, for a copy of the whole data set in another form. */
    static final Selection EVERYTHING = new Selection(new int[0], new int[0], true);

    /** What says of images and segmentations where their frames lie and how their pixels are kept. */
    static final Selection OF_FRAMES = of(
            new int[] {
                Tag.SOP_CLASS_UID,
                Tag.SOP_INSTANCE_UID,
                Tag.SLICE_THICKNESS,
                Tag.SPACING_BETWEEN_SLICES,
                Tag.SERIES_INSTANCE_UID,
                Tag.IMAGE_POSITION_PATIENT,
                Tag.IMAGE_ORIENTATION_PATIENT,
                Tag.SAMPLES_PER_PIXEL,
                Tag.NUMBER_OF_FRAMES,
                Tag.ROWS,
                Tag.COLUMNS,
                Tag.PIXEL_SPACING,
                Tag.BITS_ALLOCATED,
                Tag.BITS_STORED,
                Tag.PIXEL_REPRESENTATION,
                Tag.EXTENDED_OFFSET_TABLE
            },
            new int[] {
                Tag.PLANE_POSITION_SEQUENCE,
                Tag.PLANE_ORIENTATION_SEQUENCE,
                Tag.PIXEL_MEASURES_SEQUENCE,
                Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
                Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE
            });

    static Selection of(int[] tags, int[] sequences) {
        int[] t = tags.clone();
        int[] s = sequences.clone();
        Arrays.sort(t);
        Arrays.sort(s);
        return new Selection(t, s, false);
    }

    /** These and more. */
    Selection and(int[] moreTags, int[] moreSequences) {
        return of(
                IntStream.concat(Arrays.stream(tags), Arrays.stream(moreTags)).toArray(),
                IntStream.concat(Arrays.stream(sequences), Arrays.stream(moreSequences))
                        .toArray());
    }

    boolean keeps(int tag) {
        return all || Arrays.binarySearch(tags, tag) >= 0;
    }

    boolean enters(int tag) {
        return !all && Arrays.binarySearch(sequences, tag) >= 0;
    }
}
