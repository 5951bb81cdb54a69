package org.segmeter.format.dicom.jpeg2000;

import java.util.Arrays;
import org.segmeter.volume.InputException;

/** What the packets contribute to one code-block that at least one of them includes. */
final class CodeBlock {

    private final int planes;
    private int passes;
    private int lengthBits = 3;

    /** Pairs: passes, then bytes. Each belongs to a single codeword segment, which may consist of several. */
    private int[] chunks = new int[2];

    /** Where the bytes of each chunk begin; known later than their number. */
    private int[] offsets = new int[1];

    private int chunkCount;
    private int placedCount;

    /** @param planes magnitude bits that are not known to be zero */
    CodeBlock(int planes) {
        this.planes = planes;
    }

    int planes() {
        return planes;
    }

    int passes() {
        return passes;
    }

    int chunkCount() {
        return chunkCount;
    }

    int chunkPasses(int chunk) {
        return chunks[2 * chunk];
    }

    int chunkBytes(int chunk) {
        return chunks[2 * chunk + 1];
    }

    int chunkOffset(int chunk) {
        return offsets[chunk];
    }

    /** Reads from a packet header how many passes and bytes the packet adds (T.800 B.10.6 and B.10.7). */
    void readContribution(PacketBits in, BlockStyle style) throws InputException {
        int added = in.passes();
        if (passes + added > 3 * planes - 2) {
            throw Codestream.malformed(
                    "a code-block has more passes than its bit planes need", passes + added + " passes");
        }
        while (in.bit() == 1) {
            lengthBits++;
        }
        int end = passes + added;
        while (passes < end) {
            int count = Math.min(end - 1, style.lastPassOfSegment(passes)) - passes + 1;
            int bits = lengthBits + 31 - Integer.numberOfLeadingZeros(count);
            if (bits > 31) {
                throw Codestream.malformed("a code-block is longer than any can be", bits + " bits of length");
            }
            addChunk(count, in.bits(bits));
            passes += count;
        }
    }

    private void addChunk(int count, int bytes) {
        if (chunkCount == offsets.length) {
            chunks = Arrays.copyOf(chunks, 4 * chunkCount);
            offsets = Arrays.copyOf(offsets, 2 * chunkCount);
        }
        chunks[2 * chunkCount] = count;
        chunks[2 * chunkCount + 1] = bytes;
        chunkCount++;
    }

    /** Takes the bytes that the last contribution announced, from the body of its packet. */
    void placeContribution(PacketBits in) throws InputException {
        for (; placedCount < chunkCount; placedCount++) {
            offsets[placedCount] = in.position();
            in.skip(chunkBytes(placedCount));
        }
    }
}
