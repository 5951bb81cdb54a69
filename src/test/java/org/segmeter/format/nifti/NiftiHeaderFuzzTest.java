package org.segmeter.format.nifti;

import com.code_intelligence.jazzer.junit.FuzzTest;
import org.segmeter.format.CampaignShare;
import org.segmeter.format.ReadOptions.Values;

/** Any header before a few voxels: types, dimensions, scaling, geometry, extensions, both versions and byte orders. */
class NiftiHeaderFuzzTest {

    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    void anyHeader(byte[] file) {
        Values[] meanings = {Values.UNDECLARED, Values.LOGITS, Values.PROBABILITIES};
        for (int i = 0; i < meanings.length; i++) {
            if (CampaignShare.takes(file, meanings.length, i)) {
                ReaderOracles.check(file, meanings[i]);
            }
        }
    }
}
