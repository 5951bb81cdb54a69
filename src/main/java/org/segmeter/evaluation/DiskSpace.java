package org.segmeter.evaluation;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How much space the volume of a directory has; a seam, so that tests can have a disk that fills and empties. */
@FunctionalInterface
public interface DiskSpace {

    /**
     * @param total bytes of the volume
     * @param free bytes of it that this process may still write
     */
    record Space(long total, long free) {}

    DiskSpace REAL = real();

    Space of(Path directory) throws IOException;

    /** Looks for the volume of a directory once: that takes reading all mounts. Its space is asked for by the directory each time. */
    private static DiskSpace real() {
        Map<Path, FileStore> volumes = new ConcurrentHashMap<>();
        return directory -> {
            FileStore volume = volumes.get(directory);
            if (volume == null) {
                volume = Files.getFileStore(directory);
                volumes.put(directory, volume);
            }
            return new Space(volume.getTotalSpace(), volume.getUsableSpace());
        };
    }
}
