package org.segmeter.scoring;

import java.nio.file.Path;
import java.util.List;

/**
 * One side of an evaluation.
 *
 * @param files at least one; names play no part
 * @param sha256 of the content as received, lower-case hexadecimal, one for each file, for the scorecard's provenance
 */
public record ScoringInput(List<Path> files, List<String> sha256) {
    public ScoringInput {
        files = List.copyOf(files);
        sha256 = List.copyOf(sha256);
        if (files.isEmpty() || files.size() != sha256.size()) {
            throw new IllegalArgumentException("a side has at least one file and a digest for each");
        }
    }
}
