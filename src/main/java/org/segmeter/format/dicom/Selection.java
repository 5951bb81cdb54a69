package org.segmeter.format.dicom;

import java.util.Arrays;

/**
 * Which elements to keep. Everything else is walked over or skipped and leaves no trace in memory.
 *
 * @param tags elements that are no sequences, ascending
 * @param sequences sequences that are entered, ascending; of other sequences nothing is kept
 */
record Selection(int[] tags, int[] sequences) {

    static Selection of(int[] tags, int[] sequences) {
        int[] t = tags.clone();
        int[] s = sequences.clone();
        Arrays.sort(t);
        Arrays.sort(s);
        return new Selection(t, s);
    }

    boolean keeps(int tag) {
        return Arrays.binarySearch(tags, tag) >= 0;
    }

    boolean enters(int tag) {
        return Arrays.binarySearch(sequences, tag) >= 0;
    }
}
