package org.segmeter.evaluation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where the images are that nobody sent with their masks, such as a PACS. */
public interface ImagesElsewhere {

    /** True if there is anybody whom this thread's caller may ask. */
    boolean any();

    /**
     * Fetches the images that masks were made from.
     *
     * @param masks files of an evaluation
     * @return null if the masks name none, or nobody has them
     * @throws Failed if whoever was asked did not answer as they should
     */
    @Nullable
    Fetched fetch(List<Path> masks) throws Failed, IOException, InterruptedException;

    /** Files of one series, for as long as this is open. */
    interface Fetched extends AutoCloseable {

        /** @throws IOException if this machine's disk fails */
        List<Path> files() throws IOException;

        @Override
        void close() throws IOException;
    }

    /** What went wrong, in words for people. */
    final class Failed extends Exception {
        public Failed(String message) {
            super(message, null, false, false);
        }
    }
}
