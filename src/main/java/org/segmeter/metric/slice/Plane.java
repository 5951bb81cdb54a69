package org.segmeter.metric.slice;

import java.util.Locale;
import java.util.Optional;

/** The three planes of the body, and how radiology looks at them. */
public enum Plane {
    /** Seen from the feet: the patient's left is on the right of the picture, the front on top. */
    AXIAL(2, 0, 1, 1),
    /** Seen from the front: the patient's left is on the right of the picture, the head on top. */
    CORONAL(1, 0, 2, -1),
    /** Seen from the patient's left: the front is on the left of the picture, the head on top. */
    SAGITTAL(0, 1, 2, -1);

    private final int through;
    private final int across;
    private final int down;
    private final int downSign;

    Plane(int through, int across, int down, int downSign) {
        this.through = through;
        this.across = across;
        this.down = down;
        this.downSign = downSign;
    }

    /** The patient axis (0 towards the left, 1 towards the back, 2 towards the head) that its slices follow. */
    int through() {
        return through;
    }

    /** The patient axis that runs to the right of the picture, always in its positive direction. */
    int across() {
        return across;
    }

    /** The patient axis that runs up or down in the picture. */
    int down() {
        return down;
    }

    /** 1 if that axis runs down the picture, -1 if it runs up. */
    int downSign() {
        return downSign;
    }

    /** The word for it in an address. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The plane of a word, or of its first two or three letters; empty if it is none. */
    public static Optional<Plane> of(String word) {
        String lower = word.toLowerCase(Locale.ROOT);
        for (Plane plane : values()) {
            if (lower.length() >= 2 && plane.word().startsWith(lower)) {
                return Optional.of(plane);
            }
        }
        return Optional.empty();
    }
}
