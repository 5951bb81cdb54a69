package org.segmeter.evaluation;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Content that was received, and how its store keeps it.
 *
 * @param keeping gives it its name in the store
 */
record Part(Reception.Received received, Keeping keeping) implements BlobStore.Incoming {

    /** What {@link BlobStore.Incoming#keep} does. */
    interface Keeping {
        void keep(Reception.Received received) throws IOException;
    }

    @Override
    public Blob blob() {
        return received.blob();
    }

    @Override
    public Path content() throws IOException {
        return received.file();
    }

    @Override
    public void keep() throws IOException {
        keeping.keep(received);
    }

    @Override
    public void close() throws IOException {
        received.forget();
    }
}
