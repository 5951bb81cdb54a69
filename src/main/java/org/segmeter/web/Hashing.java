package org.segmeter.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.segmeter.evaluation.Problem;

/** A stream that is hashed as it is read, by the algorithms for which a digest was declared; without any it costs nothing. */
final class Hashing {

    private final List<Digests.Declared> declared;
    private final Map<Digests.Algorithm, MessageDigest> running = new EnumMap<>(Digests.Algorithm.class);
    private final InputStream stream;

    Hashing(InputStream source, List<Digests.Declared> declared) {
        this.declared = declared;
        InputStream hashed = source;
        for (Digests.Declared one : declared) {
            if (!running.containsKey(one.algorithm())) {
                MessageDigest digest = one.algorithm().start();
                running.put(one.algorithm(), digest);
                hashed = new DigestInputStream(hashed, digest);
            }
        }
        this.stream = hashed;
    }

    InputStream stream() {
        return stream;
    }

    /**
     * Reads what is left, and compares.
     *
     * @param mismatch what to say if a digest differs; both digests are added
     * @throws ProblemException if a digest differs
     */
    void verify(Problem mismatch) throws IOException {
        if (declared.isEmpty()) {
            return;
        }
        stream.transferTo(OutputStream.nullOutputStream());
        Map<Digests.Algorithm, String> actual = new EnumMap<>(Digests.Algorithm.class);
        running.forEach(
                (algorithm, digest) -> actual.put(algorithm, HexFormat.of().formatHex(digest.digest())));
        for (Digests.Declared one : declared) {
            one.verify(actual.getOrDefault(one.algorithm(), ""), mismatch);
        }
    }
}
