package org.segmeter.security;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What somebody may do; {@code x-segmeter-role} of an operation in {@code openapi.yaml} names the one that it needs. */
public enum Role {
    /** Send files to be scored, and nothing else: what a PACS or a build job needs. */
    SUBMIT,
    /** See evaluations, scorecards, pairs and everything that follows from them. */
    READ,
    /** Decide where a person must: pairs, acknowledgements, protocols, gates. */
    REVIEW,
    /** Run the installation: retention, rescoring, metrics. */
    OPERATE,
    /** Give others their keys. */
    ADMINISTER;

    /** The role and all that it includes: to review or to operate is to read, and who administers may do everything. */
    public Set<Role> included() {
        return switch (this) {
            case SUBMIT, READ -> EnumSet.of(this);
            case REVIEW -> EnumSet.of(REVIEW, READ);
            case OPERATE -> EnumSet.of(OPERATE, READ);
            case ADMINISTER -> EnumSet.allOf(Role.class);
        };
    }

    /** In lower case, as everywhere outside the code. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Role> of(String word) {
        return Stream.of(values()).filter(role -> role.word().equals(word)).findFirst();
    }
}
