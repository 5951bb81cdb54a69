package org.segmeter.pacs;

import java.nio.file.Path;

/** Sends instances by C-STORE. It is there in builds with the Maven profile {@code dcm4che}. */
public interface DimseSender {

    /**
     * Stores one instance.
     *
     * @param file of DICOM Part 10
     * @param instance what it is
     */
    DeliveryAnswer store(DimseNode node, Path file, StoredInstance instance) throws InterruptedException;
}
