package org.segmeter.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where received files are kept, each under its SHA-256: a directory, or a bucket of an S3-compatible server. What is kept has been
 * verified and is durable before {@link Incoming#keep} returns; what is not kept leaves nothing.
 *
 * <p>A store knows nothing of who uses its content. Whether a file may be removed is decided by the table {@code blob}, whose row is
 * written before a file is kept: see {@link StoredBlobs}.
 */
public sealed interface BlobStore permits DirectoryBlobStore, BucketBlobStore {

    /** A store in a directory. */
    static BlobStore inDirectory(Path directory) throws IOException {
        return new DirectoryBlobStore(directory);
    }

    /**
     * The store that a service is set to have.
     *
     * @param data the service's data directory
     * @param scratch where files arrive and copies are kept: of this process alone, on the disk of {@code data} if files are to be kept
     */
    static BlobStore open(StoreSettings settings, Path data, Path scratch) throws IOException {
        return settings.isBucket()
                ? BucketBlobStore.connect(settings, scratch)
                : new DirectoryBlobStore(data, scratch.resolve("uploads"));
    }

    /** The limit on one file was exceeded. */
    final class TooLarge extends IOException {
        private final long limit;

        TooLarge(long limit) {
            super("larger than " + limit + " bytes");
            this.limit = limit;
        }

        /** The limit in bytes. */
        public long limit() {
            return limit;
        }
    }

    /** The sender's stream failed, as opposed to this service's disk. */
    final class Interrupted extends IOException {
        Interrupted(IOException cause) {
            super("the upload broke off", cause);
        }
    }

    /** The store does not answer, or refuses; the same may work later. */
    final class Unavailable extends IOException {
        Unavailable(String what, Throwable cause) {
            super(what, cause);
        }
    }

    /** The store has no content of this name, or no longer the content that the name says. */
    final class Lost extends IOException {
        Lost(String what) {
            super(what);
        }
    }

    /** Content that was received completely, but is under no name yet. */
    interface Incoming extends AutoCloseable {

        Blob blob();

        /**
         * The content as a file of this machine until it is kept or closed; to be read only.
         *
         * @throws IOException if this machine's disk fails: little content is written when it is asked for
         */
        Path content() throws IOException;

        /**
         * Gives the content its name. Two uploads of the same content end as one file.
         *
         * @throws Unavailable if the store does not confirm that it has the very content
         */
        void keep() throws IOException;

        /** Forgets the content, unless it was kept. */
        @Override
        void close() throws IOException;
    }

    /** Stored content as a file of this machine, for as long as this is open. */
    interface Content extends AutoCloseable {

        /** To be read only. */
        Path file();

        @Override
        void close();
    }

    /**
     * Receives content in pieces of 128 KiB, hashing as it comes. Up to 64 KiB are in memory until they are kept.
     *
     * @param limit most bytes accepted
     * @throws TooLarge if there is more
     * @throws Interrupted if the source fails
     * @throws IOException if this machine's disk fails
     */
    Incoming receive(InputStream source, long limit) throws IOException;

    /** True if {@link Incoming#keep} takes no longer than it takes this machine's disk: a transaction may wait for it. */
    boolean keepsAtOnce();

    /** Bytes that can still be received on this machine. */
    long free() throws IOException;

    /**
     * Makes content readable as a file.
     *
     * @throws Lost if the store does not have it
     * @throws Unavailable if the store does not answer
     */
    Content open(Blob blob) throws IOException;

    /**
     * The content as the store itself has it, past any copy on this machine.
     *
     * @throws Lost if the store does not have it
     * @throws Unavailable if the store does not answer
     */
    InputStream read(String sha256) throws IOException;

    /** Removes content; true if it was there. */
    boolean remove(String sha256) throws IOException;

    /** Puts content that is not what its name says out of the way, under {@code corrupt}, for a person to look at. */
    void setAside(String sha256) throws IOException;

    /** All content with the size that the store says it has, in no order. To be closed. */
    Stream<Blob> list() throws IOException;

    /** Forgets the copies on this machine of content that the bucket is not to have any more. */
    default void forgetCopies(Predicate<String> gone) throws IOException {
        // a directory has no copies
    }

    /** The installation that this store belongs to: what was given to {@link #claim} first; null for none yet. */
    @Nullable
    String owner() throws IOException;

    /** Marks the store as belonging to an installation. */
    void claim(String installation) throws IOException;

    /** The secret of the installation, which is kept with its files because it must not be in its database; null for none yet. */
    @Nullable
    String secret() throws IOException;

    /** Keeps the secret of the installation, for the owner of the process alone where the store has owners. */
    void secret(String text) throws IOException;

    /** {@code ab/cdef...} of a SHA-256 in 64 lower-case hexadecimal digits. */
    static String place(String sha256) {
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a SHA-256");
        }
        return sha256.substring(0, 2) + "/" + sha256.substring(2);
    }
}
