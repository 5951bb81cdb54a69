package org.segmeter.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.volume.Segmentation;

/**
 * What scoring says that it takes is within a quarter of what it takes, or within half a MiB where that is more: memory is promised by the MiB;
 * {@link MemoryBenchmark} prints both, for larger volumes too.
 */
class MemoryModelTest {

    private static final int SIDE = 128;

    @TempDir
    Path folder;

    @Test
    void whatScoringSaysThatItTakesIsWithinAQuarterOfWhatItTakes() throws Exception {
        Map<String, Segmentation[]> cases = MemoryBenchmark.cases(SIDE);
        cases.remove("full volume");
        List<MemoryBenchmark.Pair> pairs = new ArrayList<>();
        for (Map.Entry<String, Segmentation[]> one : cases.entrySet()) {
            pairs.add(MemoryBenchmark.Pair.write(folder, one.getKey(), one.getValue()));
        }
        List<PeakHeap.Reading> readings = PeakHeap.of(MemoryBenchmark.small(folder), pairs, 1);
        int at = 0;
        for (String name : cases.keySet()) {
            PeakHeap.Reading reading = readings.get(at++);
            System.out.printf(
                    "memory of %s: %.2f MiB said, %.2f MiB at the peak%n", name, reading.said(), reading.peak());
            assertThat(reading.said())
                    .as("%s: %s", name, reading)
                    .isCloseTo(reading.peak(), within(Math.max(0.5, 0.25 * reading.peak())));
        }
    }
}
