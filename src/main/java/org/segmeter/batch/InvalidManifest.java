package org.segmeter.batch;

import java.util.List;

/** A manifest that cannot be used; says in which lines and why. */
public final class InvalidManifest extends Exception {

    private final transient List<Fault> faults;
    private final boolean more;

    /**
     * One mistake.
     *
     * @param line of the manifest, from 1
     * @param column that it is in; empty if it concerns the line
     * @param message what is wrong and what would be right; nothing of the line's content is in it
     */
    public record Fault(long line, String column, String message) {

        /** As one line for people. */
        public String text() {
            return "line " + line + (column.isEmpty() ? "" : ", column " + column) + ": " + message;
        }
    }

    InvalidManifest(List<Fault> faults, boolean more) {
        super(faults.getFirst().text(), null, false, false);
        this.faults = List.copyOf(faults);
        this.more = more;
    }

    /** The first ones, in the order of the lines; at least one. */
    public List<Fault> faults() {
        return faults;
    }

    /** True if there are more than {@link #faults}. */
    public boolean hasMore() {
        return more;
    }
}
