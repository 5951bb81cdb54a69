package org.segmeter.pacs;

import java.nio.file.Path;

/** Sends instances by C-STORE. It is there in builds with the Maven profile {@code dcm4che}. */
public interface DimseSender {

    /** How a node took an instance. */
    sealed interface Answer {
        record Taken() implements Answer {}

        /** Not now; the same may work later. */
        record NotNow(String reason) implements Answer {}

        /** Never: the node understood, and does not want it. */
        record Refused(String reason) implements Answer {}
    }

    /**
     * Stores one instance.
     *
     * @param file of DICOM Part 10
     * @param instance what it is
     */
    Answer store(DimseNode node, Path file, StoredInstance instance) throws InterruptedException;
}
