package org.segmeter.evaluation;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much space the volume of a directory has; a seam, so that tests can have a disk that fills and empties. */
@FunctionalInterface
public interface DiskSpace {

    /**
     * @param total bytes of the volume
     * @param free bytes of it that this process may still write
     */
    record Space(long total, long free) {}

    DiskSpace REAL = directory -> {
        FileStore volume = Files.getFileStore(directory);
        return new Space(volume.getTotalSpace(), volume.getUsableSpace());
    };

    Space of(Path directory) throws IOException;
}
