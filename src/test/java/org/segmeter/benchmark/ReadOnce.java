package org.segmeter.benchmark;

import java.nio.file.Path;
import java.util.List;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.Segmentation;

/** Reads one file to masks and ends: {@code main file}. */
final class ReadOnce {

    private ReadOnce() {}

    public static void main(String[] args) throws Exception {
        Segmentation read = SegmentationReader.standard().readFiles(List.of(Path.of(args[0])), ReadOptions.defaults());
        System.out.println(read.segments().size());
    }
}
