package org.segmeter.format.dicom;

import java.util.Arrays;

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

    static Selection of(int[] tags, int[] sequences) {
        int[] t = tags.clone();
        int[] s = sequences.clone();
        Arrays.sort(t);
        Arrays.sort(s);
        return new Selection(t, s, false);
    }

    boolean keeps(int tag) {
        return all || Arrays.binarySearch(tags, tag) >= 0;
    }

    boolean enters(int tag) {
        return !all && Arrays.binarySearch(sequences, tag) >= 0;
    }
}
