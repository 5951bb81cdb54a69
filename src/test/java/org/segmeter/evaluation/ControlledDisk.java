package org.segmeter.evaluation;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

/** The real disk, until a test says how much space there is. */
public final class ControlledDisk implements DiskSpace {

    private volatile @Nullable Space said;

    /** Puts this disk in place of the real one. */
    @TestConfiguration(proxyBeanMethods = false)
    public static class Configuration {
        @Bean
        public ControlledDisk controlledDisk() {
            return new ControlledDisk();
        }
    }

    /** From now on every volume has this much. */
    public void say(long total, long free) {
        said = new Space(total, free);
    }

    /** The real disk again. */
    public void release() {
        said = null;
    }

    @Override
    public Space of(Path directory) throws IOException {
        Space space = said;
        return space == null ? DiskSpace.REAL.of(directory) : space;
    }
}
