package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * Parses a DICOM object (PS3.10 file, or a data set without preamble or file meta information) in one pass from front to back,
 * with a stack of its own: no input can overflow the thread's. Every length is checked against what is left of the object, and
 * against the sequence or item around it, before anything is done with it.
 *
 * <p>Home-made, because no maintained DICOM parser is on Maven Central, and those at hand recurse into sequences and inflate
 * without a bound.
 */
final class DicomParser {

    /** Told the header before pixel data inside a deflated data set is inflated: it refuses a length that does not fit. */
    @FunctionalInterface
    interface PixelDataGate {
        void admit(DicomDataset header, long length) throws InputException;
    }

    /** For every {@code stopBefore}: never. */
    static final int TO_THE_END = -1;

    private static final int PREAMBLE = 128;
    private static final long UNDEFINED = -1;
    /** Of a longer value only as much is kept. */
    static final int LONGEST_VALUE = 1 << 15;

    /** A million frames of eight elements each; 192 MiB. */
    private static final int MAXIMUM_ENTRIES = 1 << 23;

    private static final int MAXIMUM_META_ENTRIES = 1 << 10;

    /** Inside a deflated data set elements cost next to nothing to send; 24 MiB. */
    private static final int MAXIMUM_DEFLATED_ENTRIES = 1 << 20;

    private static final int MAXIMUM_FRAGMENTS = 1 << 22;

    private final MemorySegment part;
    private final Selection selection;
    private final int nestingLimit;
    private final CancelSignal cancel;
    private final int stopBefore;
    private final PixelDataGate gate;
    private final List<String> notices = new ArrayList<>();

    private DicomParser(
            MemorySegment part,
            Selection selection,
            int nestingLimit,
            CancelSignal cancel,
            int stopBefore,
            PixelDataGate gate) {
        this.part = part;
        this.selection = selection;
        this.nestingLimit = nestingLimit;
        this.cancel = cancel;
        this.stopBefore = stopBefore;
        this.gate = gate;
    }

    /** True if the bytes are those of a DICOM object: DICM after the preamble, or group 0002 or 0008 at the start. */
    static boolean recognises(MemorySegment part) {
        return hasPreamble(part) || startsWithMeta(part, 0) || bareDataset(part) != null;
    }

    /**
     * @param nestingLimit sequences within one another, at most
     * @param stopBefore the top-level tag at which to stop; {@link #TO_THE_END} to read it all
     * @param gate asked only where reading the pixel data costs something
     */
    static DicomFile parse(
            MemorySegment part,
            Selection selection,
            int nestingLimit,
            CancelSignal cancel,
            int stopBefore,
            PixelDataGate gate)
            throws InputException {
        return new DicomParser(part, selection, nestingLimit, cancel, stopBefore, gate).parse();
    }

    private static boolean hasPreamble(MemorySegment part) {
        return part.byteSize() >= PREAMBLE + 4
                && part.get(ValueLayout.JAVA_BYTE, PREAMBLE) == 'D'
                && part.get(ValueLayout.JAVA_BYTE, PREAMBLE + 1) == 'I'
                && part.get(ValueLayout.JAVA_BYTE, PREAMBLE + 2) == 'C'
                && part.get(ValueLayout.JAVA_BYTE, PREAMBLE + 3) == 'M';
    }

    private static boolean startsWithMeta(MemorySegment part, long at) {
        if (part.byteSize() < at + 8) {
            return false;
        }
        MappedInput in = new MappedInput(part, at);
        return in.peekTag(false) >>> 16 == 0x0002 && isVr(in.peek16(4, true));
    }

    /** The encoding that the first element of a data set without file meta information shows; null if it is no data set. */
    private static @Nullable TransferSyntax bareDataset(MemorySegment part) {
        return part.byteSize() < 8 ? null : guess(part, 0);
    }

    private static @Nullable TransferSyntax guess(MemorySegment part, long at) {
        if (part.byteSize() < at + 8) {
            return null;
        }
        MappedInput in = new MappedInput(part, at);
        boolean vr = isVr(in.peek16(4, true));
        if (in.peekTag(false) >>> 16 == 0x0008) {
            if (vr) {
                return TransferSyntax.EXPLICIT_LITTLE_ENDIAN;
            }
            long length = Integer.toUnsignedLong(in.peek32(4, false));
            return length <= part.byteSize() - at - 8 ? TransferSyntax.IMPLICIT_LITTLE_ENDIAN : null;
        }
        return in.peekTag(true) >>> 16 == 0x0008 && vr ? TransferSyntax.EXPLICIT_BIG_ENDIAN : null;
    }

    private DicomFile parse() throws InputException {
        long at = hasPreamble(part) ? PREAMBLE + 4 : 0;
        Tape metaTape = new Tape(MAXIMUM_META_ENTRIES);
        MappedInput meta = new MappedInput(part, at);
        while (startsWithMeta(part, meta.position())) {
            readMetaElement(meta, metaTape);
        }
        at = meta.position();
        DicomDataset metaDataset = new DicomDataset(metaTape, part, 0, metaTape.count());
        TransferSyntax syntax = transferSyntax(metaDataset, at);

        if (!syntax.deflated()) {
            MappedInput in = new MappedInput(part, at);
            Walk walk = new Walk(in, syntax);
            walk.run();
            return walk.file(metaDataset, part);
        }
        try (InflatedInput in = new InflatedInput(part, at, cancel)) {
            Walk walk = new Walk(in, syntax);
            walk.run();
            if (!walk.stopped) {
                in.expectEnd();
            }
            return walk.file(metaDataset, in.kept());
        }
    }

    private static void readMetaElement(MappedInput in, Tape tape) throws InputException {
        int tag = in.peekTag(false);
        int vr = in.peek16(4, true);
        long length;
        if (isLong(vr)) {
            if (!in.has(12)) {
                throw Refusal.truncated(in.position(), "the file meta information");
            }
            length = Integer.toUnsignedLong(in.peek32(8, false));
            in.skip(12);
        } else {
            length = in.peek16(6, false);
            in.skip(8);
        }
        tape.add(tag, 0, in.keep(length), length);
    }

    private TransferSyntax transferSyntax(DicomDataset meta, long datasetAt) throws InputException {
        if (part.byteSize() < datasetAt + 8) {
            throw Refusal.truncated(part.byteSize(), "a data set after the file meta information");
        }
        String uid = meta.uid(Tag.TRANSFER_SYNTAX_UID);
        if (uid == null) {
            TransferSyntax guessed = guess(part, datasetAt);
            if (guessed == null) {
                throw Refusal.malformed(
                        "The file meta information has no Transfer Syntax UID, and the data set does not show its"
                                + " encoding.",
                        "no (0002,0010)",
                        "a DICOM file as in PS3.10");
            }
            notices.add("No Transfer Syntax UID is given; the data set looks like " + guessed.name() + ".");
            return guessed;
        }
        TransferSyntax syntax = TransferSyntax.of(uid);
        if (syntax == null) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_TRANSFER_SYNTAX,
                    "The transfer syntax " + uid + " is not known; send the object in Explicit VR Little Endian.",
                    uid,
                    "Implicit, Explicit or Deflated VR Little Endian, Explicit VR Big Endian, RLE, deflated frames");
        }
        if (syntax.explicitVr() && !syntax.deflated()) {
            MappedInput in = new MappedInput(part, datasetAt);
            if (!isVr(in.peek16(4, true)) && guess(part, datasetAt) == TransferSyntax.IMPLICIT_LITTLE_ENDIAN) {
                notices.add("The file says " + syntax.name() + ", but its data set is in implicit VR little endian.");
                return new TransferSyntax(syntax.uid(), syntax.name(), false, false, false, syntax.encapsulated());
            }
        }
        return syntax;
    }

    private static boolean isVr(int vr) {
        int a = vr >>> 8;
        int b = vr & 0xFF;
        return a >= 'A' && a <= 'Z' && b >= 'A' && b <= 'Z';
    }

    private static int vr(char a, char b) {
        return a << 8 | b;
    }

    private static final int SQ = vr('S', 'Q');
    private static final int UN = vr('U', 'N');
    private static final int OB = vr('O', 'B');
    private static final int OW = vr('O', 'W');

    /** The value representations whose length takes four bytes after two reserved ones (PS3.5 table 7.1-1). */
    private static boolean isLong(int vr) {
        return switch ((char) (vr >>> 8)) {
            case 'O' -> "BDFLVW".indexOf(vr & 0xFF) >= 0;
            case 'S' -> (vr & 0xFF) == 'Q' || (vr & 0xFF) == 'V';
            case 'U' -> "CNRTV".indexOf(vr & 0xFF) >= 0;
            default -> false;
        };
    }

    private static boolean isShort(int vr) {
        return switch (vr >>> 8) {
            case 'A' -> "EST".indexOf(vr & 0xFF) >= 0;
            case 'C' -> (vr & 0xFF) == 'S';
            case 'D' -> "AST".indexOf(vr & 0xFF) >= 0;
            case 'F' -> "DL".indexOf(vr & 0xFF) >= 0;
            case 'I' -> (vr & 0xFF) == 'S';
            case 'L' -> "OT".indexOf(vr & 0xFF) >= 0;
            case 'P' -> (vr & 0xFF) == 'N';
            case 'S' -> "HLST".indexOf(vr & 0xFF) >= 0;
            case 'T' -> (vr & 0xFF) == 'M';
            case 'U' -> "ILS".indexOf(vr & 0xFF) >= 0;
            default -> false;
        };
    }

    /** What the innermost open level is. */
    private enum Level {
        DATASET,
        SEQUENCE,
        ITEM,
        /** Fragments of encapsulated pixel data that is not kept, such as that of an icon. */
        FRAGMENTS
    }

    /** One pass over a data set. */
    private final class Walk {

        private final DicomInput in;
        private final TransferSyntax syntax;
        private final Tape tape;

        private int depth;
        private Level[] level = new Level[16];
        private long[] end = new long[16];
        private long[] limit = new long[16];
        private boolean[] explicit = new boolean[16];
        private boolean[] big = new boolean[16];
        private int[] entry = new int[16];
        private int[] lastTag = new int[16];
        private int sequences;

        private long pixelOffset = -1;
        private long pixelLength;
        private boolean pixelWords;
        private long @Nullable [] fragments;
        private MemorySegment basicOffsets = MemorySegment.NULL;
        private boolean stopped;

        Walk(DicomInput in, TransferSyntax syntax) {
            this.in = in;
            this.syntax = syntax;
            this.tape = new Tape(syntax.deflated() ? MAXIMUM_DEFLATED_ENTRIES : MAXIMUM_ENTRIES);
            level[0] = Level.DATASET;
            end[0] = UNDEFINED;
            limit[0] = Long.MAX_VALUE;
            explicit[0] = syntax.explicitVr();
            big[0] = syntax.bigEndian();
            entry[0] = -1;
        }

        DicomFile file(DicomDataset meta, MemorySegment kept) {
            PixelData pixels = null;
            if (fragments != null) {
                pixels = new PixelData.Encapsulated(kept, fragments, basicOffsets);
            } else if (pixelOffset >= 0) {
                pixels = new PixelData.Native(kept.asSlice(pixelOffset, pixelLength), pixelWords);
            }
            return new DicomFile(
                    meta, new DicomDataset(tape, kept, 0, tape.count()), syntax, pixels, List.copyOf(notices));
        }

        void run() throws InputException {
            long steps = 0;
            while (true) {
                if ((++steps & 0xFFF) == 0) {
                    cancel.check();
                }
                while (depth > 0 && end[depth] != UNDEFINED && in.position() >= end[depth]) {
                    close();
                }
                if (depth == 0 && in.atEnd()) {
                    return;
                }
                need(8);
                int tag = in.peekTag(big[depth]);
                switch (level[depth]) {
                    case SEQUENCE -> item(tag);
                    case FRAGMENTS -> skippedFragment(tag);
                    case DATASET, ITEM -> {
                        if (tag == Tag.ITEM_DELIMITER && level[depth] == Level.ITEM && end[depth] == UNDEFINED) {
                            expectZeroLength();
                            in.skip(8);
                            close();
                        } else if (depth == 0 && stopsAt(tag)) {
                            stopped = true;
                            return;
                        } else {
                            element(tag);
                        }
                    }
                }
            }
        }

        /** Pixel data is looked for itself: elements that are not needed may be out of order. */
        private boolean stopsAt(int tag) {
            return stopBefore != TO_THE_END
                    && (stopBefore == Tag.PIXEL_DATA
                            ? tag == Tag.PIXEL_DATA
                            : Integer.compareUnsigned(tag, stopBefore) >= 0);
        }

        private void need(int n) throws InputException {
            if (in.position() + n > limit[depth]) {
                throw Refusal.malformed(
                        "A sequence or item ends in the middle of an element.",
                        limit[depth] - in.position() + " bytes left of it at offset " + in.position(),
                        "at least " + n + " bytes");
            }
            if (!in.has(n)) {
                throw Refusal.truncated(in.position(), "an element of the data set");
            }
        }

        private void expectZeroLength() throws InputException {
            if (in.peek32(4, big[depth]) != 0) {
                throw Refusal.malformed(
                        "A delimiter has a length.", "a length at offset " + in.position(), "a delimiter of length 0");
            }
        }

        private void close() throws InputException {
            if (end[depth] != UNDEFINED && in.position() > end[depth]) {
                throw Refusal.malformed(
                        "An element reaches beyond the end of its sequence.",
                        "offset " + in.position(),
                        "the end at " + end[depth]);
            }
            if (entry[depth] >= 0) {
                tape.close(entry[depth]);
            }
            if (level[depth] != Level.ITEM) {
                sequences--;
            }
            depth--;
        }

        private void open(Level kind, long length, int tapeEntry, boolean isExplicit, boolean isBig)
                throws InputException {
            if (kind != Level.ITEM && ++sequences > nestingLimit) {
                throw new InputException(
                        InputProblem.NESTING_TOO_DEEP,
                        "Sequences are nested more deeply than any DICOM object needs.",
                        "more than " + nestingLimit + " levels",
                        "at most " + nestingLimit + " levels");
            }
            depth++;
            if (depth == level.length) {
                int n = depth * 2;
                level = Arrays.copyOf(level, n);
                end = Arrays.copyOf(end, n);
                limit = Arrays.copyOf(limit, n);
                explicit = Arrays.copyOf(explicit, n);
                big = Arrays.copyOf(big, n);
                entry = Arrays.copyOf(entry, n);
                lastTag = Arrays.copyOf(lastTag, n);
            }
            level[depth] = kind;
            end[depth] = length == UNDEFINED ? UNDEFINED : in.position() + length;
            limit[depth] = length == UNDEFINED ? limit[depth - 1] : end[depth];
            explicit[depth] = isExplicit;
            big[depth] = isBig;
            entry[depth] = tapeEntry;
            lastTag[depth] = 0;
        }

        private long fits(long length, int tag) throws InputException {
            if (length > limit[depth] - in.position()) {
                throw Refusal.malformed(
                        "The value of " + Tag.text(tag) + " reaches beyond the sequence or item that it is in.",
                        length + " bytes",
                        "at most " + (limit[depth] - in.position()) + " bytes");
            }
            return length;
        }

        private void item(int tag) throws InputException {
            long length = Integer.toUnsignedLong(in.peek32(4, big[depth]));
            if (tag == Tag.SEQUENCE_DELIMITER && end[depth] == UNDEFINED) {
                expectZeroLength();
                in.skip(8);
                close();
                return;
            }
            if (tag != Tag.ITEM) {
                throw Refusal.malformed(
                        "A sequence holds something that is no item.",
                        Tag.text(tag) + " at offset " + in.position(),
                        Tag.text(Tag.ITEM));
            }
            in.skip(8);
            boolean kept = entry[depth] >= 0;
            int tapeEntry = kept ? tape.add(tag, Tape.ITEM, in.position(), 0) : -1;
            open(
                    Level.ITEM,
                    length == 0xFFFF_FFFFL ? UNDEFINED : fits(length, tag),
                    tapeEntry,
                    explicit[depth],
                    big[depth]);
        }

        private void skippedFragment(int tag) throws InputException {
            long length = Integer.toUnsignedLong(in.peek32(4, big[depth]));
            in.skip(8);
            if (tag == Tag.SEQUENCE_DELIMITER && length == 0) {
                close();
            } else if (tag == Tag.ITEM && length != 0xFFFF_FFFFL) {
                in.skip(fits(length, tag));
            } else {
                throw notAFragment(tag);
            }
        }

        private InputException notAFragment(int tag) {
            return Refusal.pixels(
                    "Encapsulated pixel data holds something that is no fragment.",
                    Tag.text(tag) + " before offset " + in.position(),
                    Tag.text(Tag.ITEM) + " of defined length");
        }

        private void element(int tag) throws InputException {
            checkPlace(tag);
            int vr = 0;
            long length;
            if (explicit[depth]) {
                vr = in.peek16(4, true);
                if (isLong(vr)) {
                    need(12);
                    length = Integer.toUnsignedLong(in.peek32(8, big[depth]));
                    in.skip(12);
                } else if (isShort(vr)) {
                    length = in.peek16(6, big[depth]);
                    in.skip(8);
                } else {
                    throw trailing(Refusal.malformed(
                            "An element has no valid value representation.",
                            Tag.text(tag) + " at offset " + in.position(),
                            "one of those of PS3.5 table 6.2-1"));
                }
            } else {
                length = Integer.toUnsignedLong(in.peek32(4, big[depth]));
                in.skip(8);
            }

            if (depth == 0 && tag == Tag.PIXEL_DATA) {
                pixelData(vr, length);
                return;
            }
            boolean known = (depth == 0 || entry[depth] >= 0)
                    && (selection.all() ? isSequence(tag, vr, length) : selection.enters(tag));
            if (length == 0xFFFF_FFFFL) {
                if (vr == OB || vr == OW) {
                    open(Level.FRAGMENTS, UNDEFINED, -1, explicit[depth], big[depth]);
                } else if (vr == SQ || vr == UN || vr == 0) {
                    openSequence(tag, vr, UNDEFINED, known);
                } else {
                    throw Refusal.malformed(
                            "An element that is no sequence has an undefined length.",
                            Tag.text(tag),
                            "a defined length");
                }
                return;
            }
            try {
                fits(length, tag);
                if (known) {
                    openSequence(tag, vr, length, true);
                } else if ((depth == 0 || entry[depth] >= 0) && vr != SQ && selection.keeps(tag)) {
                    // Of a value longer than any that is looked at, the beginning is enough to refuse or cut it.
                    boolean whole = tag == Tag.EXTENDED_OFFSET_TABLE || tag == Tag.CONTOUR_DATA;
                    long useful = whole ? length : Math.min(length, LONGEST_VALUE);
                    tape.add(tag, vr << 16 | (big[depth] ? Tape.BIG_ENDIAN : 0), in.keep(useful), useful);
                    in.skip(length - useful);
                } else {
                    in.skip(length);
                }
            } catch (InputException e) {
                throw trailing(e);
            }
        }

        /** What the data set itself says, and where it says nothing, the dictionary. */
        private boolean isSequence(int tag, int vr, long length) {
            return vr == SQ
                    || length == 0xFFFF_FFFFL && (vr == UN || vr == 0)
                    || vr == 0 && DataElements.isSequence(tag);
        }

        private void openSequence(int tag, int vr, long length, boolean keep) throws InputException {
            int tapeEntry = keep ? tape.add(tag, Tape.SEQUENCE, in.position(), 0) : -1;
            // A sequence whose VR was not known to some writer is implicit little endian inside (PS3.5 6.2.2).
            boolean asUnknown = vr == UN;
            open(Level.SEQUENCE, length, tapeEntry, explicit[depth] && !asUnknown, big[depth] && !asUnknown);
        }

        private boolean pixelsSeen() {
            return pixelOffset >= 0 || fragments != null;
        }

        private InputException trailing(InputException e) {
            return depth == 0 && pixelsSeen() ? trailingData() : e;
        }

        private InputException trailingData() {
            return new InputException(
                    InputProblem.TRAILING_DATA,
                    "The file goes on after its pixel data, but not with DICOM elements.",
                    "other data before offset " + in.position(),
                    "the end of the file, Data Set Trailing Padding or Digital Signatures");
        }

        /**
         * An element that is kept occurs once; nothing but padding and signatures follows the pixel data. The order of other
         * elements is not checked: some writers append private ones.
         */
        private void checkPlace(int tag) throws InputException {
            if (depth == 0 && pixelsSeen() && Integer.compareUnsigned(tag, 0xFFFA_0000) < 0
                    || depth == 0 && pixelsSeen() && tag == lastTag[0]) {
                throw trailingData();
            }
            if (tag >>> 16 == 0xFFFE) {
                throw trailing(Refusal.malformed(
                        "A delimiter occurs where an element is expected.",
                        Tag.text(tag) + " at offset " + in.position(),
                        "a data element"));
            }
            if (depth == 0 || entry[depth] >= 0) {
                if (!selection.all() && tag == lastTag[depth]
                        || !selection.all()
                                && Integer.compareUnsigned(tag, lastTag[depth]) < 0
                                && (selection.keeps(tag) || selection.enters(tag))) {
                    throw Refusal.malformed(
                            "An element occurs twice, or after elements that it should precede.",
                            Tag.text(tag) + " after " + Tag.text(lastTag[depth]),
                            "each tag once, in ascending order");
                }
                if (selection.keeps(tag) || selection.enters(tag) || tag == Tag.PIXEL_DATA || pixelsSeen()) {
                    lastTag[depth] = tag;
                }
            }
        }

        private void pixelData(int vr, long length) throws InputException {
            if (length == 0xFFFF_FFFFL) {
                readFragments();
                return;
            }
            if (in instanceof InflatedInput inflated) {
                gate.admit(new DicomDataset(tape, in.kept(), 0, tape.count()), length);
                inflated.allow(length);
            }
            pixelOffset = in.keep(length);
            pixelLength = length;
            pixelWords = big[0] && vr != OB;
        }

        private void readFragments() throws InputException {
            if (in instanceof InflatedInput) {
                throw Refusal.pixels(
                        "Pixel data inside a deflated data set is encapsulated.",
                        "an undefined length",
                        "native pixel data");
            }
            long[] list = new long[16];
            int count = 0;
            boolean first = true;
            while (true) {
                if ((count & 0x1FFE) == 0) {
                    cancel.check();
                }
                need(8);
                int tag = in.peekTag(big[0]);
                long length = Integer.toUnsignedLong(in.peek32(4, big[0]));
                in.skip(8);
                if (tag == Tag.SEQUENCE_DELIMITER && length == 0) {
                    break;
                }
                if (tag != Tag.ITEM || length == 0xFFFF_FFFFL) {
                    throw notAFragment(tag);
                }
                long at = in.keep(length);
                if (first) {
                    basicOffsets = in.kept().asSlice(at, length);
                    first = false;
                } else {
                    if (count == 2 * MAXIMUM_FRAGMENTS) {
                        throw Refusal.tooLarge(
                                "The pixel data consists of too many fragments.",
                                "more than " + MAXIMUM_FRAGMENTS,
                                "at most " + MAXIMUM_FRAGMENTS);
                    }
                    if (count == list.length) {
                        list = Arrays.copyOf(list, count * 2);
                    }
                    list[count] = at;
                    list[count + 1] = length;
                    count += 2;
                }
            }
            fragments = Arrays.copyOf(list, count);
        }
    }
}
