package org.segmeter.format.nifti;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.segmeter.format.CampaignShare;
import org.segmeter.format.ReadOptions.Values;
import org.segmeter.format.gzip.GzipSource;

/** Any bytes as a gzip file; and a file that is none, wrapped into gzip, answers as it does without. */
class NiftiStreamFuzzTest {

    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    void anyStream(byte[] file) {
        ReaderOracles.check(file, Values.UNDECLARED);
        if (!GzipSource.isGzip(MemorySegment.ofArray(file))
                && file.length > 4
                && new NiftiFormat().recognises(MemorySegment.ofArray(file))) {
            int half = file.length / 2;
            byte[] head = Arrays.copyOf(file, half);
            byte[] tail = Arrays.copyOfRange(file, half, file.length);
            if (CampaignShare.takes(file, 4, 2)) {
                ReaderOracles.sameAnswer(file, NiftiBytes.gzip(file), Values.UNDECLARED);
            }
            if (CampaignShare.takes(file, 4, 3)) {
                ReaderOracles.sameAnswer(file, NiftiBytes.gzip(head, tail), Values.UNDECLARED);
            }
        }
    }
}
