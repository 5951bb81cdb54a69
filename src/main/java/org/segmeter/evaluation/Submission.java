package org.segmeter.evaluation;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be scored; all content is in the blob store already.
 *
 * @param prediction at least one file
 * @param reference at least one file
 * @param mask files of the mask of which only the voxels are scored; empty to score all
 * @param image files of the image that is shown behind the masks, and not scored; empty for none
 * @param description what it belongs to
 * @param protocols by which conventions, at least one
 * @param request the sender's JSON as received; null if there was none
 */
public record Submission(
        List<Blob> prediction,
        List<Blob> reference,
        List<Blob> mask,
        List<Blob> image,
        Description description,
        List<String> protocols,
        @Nullable String request) {
    public Submission {
        prediction = List.copyOf(prediction);
        reference = List.copyOf(reference);
        mask = List.copyOf(mask);
        image = List.copyOf(image);
        protocols = List.copyOf(protocols);
        if (prediction.isEmpty() || reference.isEmpty() || protocols.isEmpty()) {
            throw new IllegalArgumentException("a submission has two sides and a protocol");
        }
    }

    /** Of whole volumes. */
    public Submission(
            List<Blob> prediction,
            List<Blob> reference,
            Description description,
            List<String> protocols,
            @Nullable String request) {
        this(prediction, reference, List.of(), List.of(), description, protocols, request);
    }

    /** The files of one side. */
    public List<Blob> files(Side side) {
        return switch (side) {
            case PREDICTION -> prediction;
            case REFERENCE -> reference;
            case MASK -> mask;
            case IMAGE -> image;
        };
    }

    /** All files. */
    public List<Blob> files() {
        return Arrays.stream(Side.values())
                .flatMap(side -> files(side).stream())
                .toList();
    }

    /**
     * Digest of all that is submitted: the files of the sides, of the mask and of the image in their order, and the request as it was sent. Two submissions of one
     * digest are the same submission.
     *
     * @return SHA-256 in lower-case hexadecimal
     */
    public String contentSha256() {
        StringBuilder all = new StringBuilder();
        for (Side side : Side.values()) {
            files(side)
                    .forEach(blob -> all.append(side.word())
                            .append(' ')
                            .append(blob.sha256())
                            .append('\n'));
        }
        if (request != null) {
            all.append("request ").append(request);
        }
        return sha256(all.toString().getBytes(StandardCharsets.UTF_8));
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
