package org.segmeter.format.dicom;

import java.io.IOException;
import java.util.List;

/**
 * Takes a data set element by element, in ascending order of tags, to write it in another form. Items are told between
 * {@link #beginSequence} and {@link #endSequence}.
 */
public interface DatasetSink {

    /** An element of text: each value decoded and without padding; an empty list is an element without value. */
    void text(int tag, String vr, List<String> values) throws IOException;

    /** An element of numbers. A value that is no finite number stays what it is. */
    void numbers(int tag, String vr, List<? extends Number> values) throws IOException;

    /** Bytes, in little endian order. */
    void bytes(int tag, String vr, byte[] value) throws IOException;

    void beginSequence(int tag) throws IOException;

    void beginItem() throws IOException;

    void endItem() throws IOException;

    void endSequence() throws IOException;
}
