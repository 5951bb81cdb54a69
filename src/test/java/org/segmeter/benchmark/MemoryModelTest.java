package org.segmeter.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.volume.Segmentation;

/**
 * What scoring says that it takes is within a quarter of what it takes: with less a JVM does not get through, with more it does. For the cases
 * whose structures take the most beside their voxels; {@link MemoryBenchmark} has all, and finds the peak itself.
 */
class MemoryModelTest {

    /** What a JVM takes that scores next to nothing, at least and at most. */
    private static final double LEAST_OF_JVM = 3;

    private static final double MOST_OF_JVM = 13;

    @TempDir
    Path folder;

    @Test
    void noise() throws Exception {
        assertWithinAQuarter(MemoryBenchmark.noise(128));
    }

    @Test
    void checkerboard() throws Exception {
        assertWithinAQuarter(MemoryBenchmark.checkerboard(128));
    }

    private void assertWithinAQuarter(Segmentation[] sides) throws Exception {
        MemoryBenchmark.Pair pair = MemoryBenchmark.Pair.write(folder, "pair", sides);
        double expected = pair.expected();
        assertThat(expected).isGreaterThan(10);
        assertThat(scores(pair, MOST_OF_JVM + expected / 0.75))
                .as("a heap for a third more than the %.1f MiB that were expected", expected)
                .isTrue();
        assertThat(scores(pair, LEAST_OF_JVM + expected / 1.25))
                .as("a heap for a fifth less than the %.1f MiB that were expected", expected)
                .isFalse();
    }

    private static boolean scores(MemoryBenchmark.Pair pair, double mib) throws Exception {
        return SmallestHeap.succeeds(
                mib,
                ScoreOnce.class,
                1,
                pair.prediction().toString(),
                pair.reference().toString(),
                ScoringOptions.DEFAULT_PROTOCOL);
    }
}
