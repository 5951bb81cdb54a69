package org.segmeter.format.nifti;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.segmeter.format.ReadOptions.Values;

/** Any header before a few voxels: types, dimensions, scaling, geometry, extensions, both versions and byte orders. */
class NiftiHeaderFuzzTest {

    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    void anyHeader(byte[] file) {
        ReaderOracles.check(file, Values.UNDECLARED);
        ReaderOracles.check(file, Values.LOGITS);
        ReaderOracles.check(file, Values.PROBABILITIES);
    }
}
