package org.segmeter.format.nifti;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.segmeter.format.ReadOptions.Values;

/** Any bytes as a zip or tar. */
class ArchiveFuzzTest {

    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    void anyArchive(byte[] file) {
        ReaderOracles.check(file, Values.UNDECLARED);
    }
}
