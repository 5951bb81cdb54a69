package org.segmeter.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** A small pair whose files are different bytes each time and the same voxels: the time in the header of gzip says nothing. */
final class Volumes {

    private final byte[] prediction;
    private final byte[] reference;

    Volumes() throws IOException {
        Path samples = Path.of("src/test/resources/samples");
        prediction = Files.readAllBytes(samples.resolve("s01_binary_single.perturbed.nii.gz"));
        reference = Files.readAllBytes(samples.resolve("s01_binary_single.perturbed.nii.gz"));
    }

    Form pair(Random random) {
        return new Form(another(prediction, random), another(reference, random));
    }

    /** A pair that keeps a worker busy for longer. */
    Form laboriousPair(Random random) {
        return new Form(another(prediction, random), another(reference, random), """
            {"protocol": ["segmeter@1", "segmeter-surfaces@1", "segmeter-topology@1", "segmeter-lesions@1", "monai-subvoxels@1",
             "itk@1", "deepmind@1", "medpy@1", "miseval@1", "metrics-reloaded@1"]}\
            """);
    }

    private static byte[] another(byte[] gzip, Random random) {
        byte[] copy = gzip.clone();
        for (int i = 4; i < 8; i++) { // MTIME, RFC 1952 section 2.3.1
            copy[i] = (byte) random.nextInt(256);
        }
        return copy;
    }
}
