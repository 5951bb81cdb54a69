package org.segmeter.pacs;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What became of an instance that was sent to be stored. */
public sealed interface StoreOutcome {

    /**
     * It is kept, now or since before.
     *
     * @param warning null if there is none
     * @param pairs the pairs that it is part of
     */
    record Stored(
            StoredInstance instance,
            @Nullable Reason warning,
            @Nullable String comment,
            List<UUID> pairs) implements StoreOutcome {}

    /**
     * It is not kept.
     *
     * @param sopClassUid null if it could not be read; likewise the instance
     * @param comment a sentence for people
     */
    record Refused(@Nullable String sopClassUid, @Nullable String sopInstanceUid, Reason reason, String comment)
            implements StoreOutcome {}

    /** Warning and Failure Reasons (PS3.18 I.2, PS3.4 B.2.3, PS3.7 annex C). */
    enum Reason {
        /** Warning: the data set does not match its SOP class, and was stored all the same. */
        STORED_WITH_MISMATCH(0xB007),
        PROCESSING_FAILURE(0x0110),
        /** Another object of this SOP Instance UID is kept. */
        DUPLICATE_SOP_INSTANCE(0x0111),
        SOP_CLASS_NOT_SUPPORTED(0x0122),
        /** It is of a study that was erased. */
        NOT_AUTHORIZED(0x0124),
        OUT_OF_RESOURCES(0xA700),
        /** It is of another study than the request says. */
        STUDY_MISMATCH(0xA901),
        DATA_SET_MISMATCH(0xA900),
        CANNOT_UNDERSTAND(0xC000),
        TRANSFER_SYNTAX_NOT_SUPPORTED(0xC122);

        private final int code;

        Reason(int code) {
            this.code = code;
        }

        /** The value of Warning Reason or Failure Reason. */
        public int code() {
            return code;
        }
    }
}
