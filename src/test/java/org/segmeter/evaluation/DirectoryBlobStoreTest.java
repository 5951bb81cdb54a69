package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A store in a directory")
class DirectoryBlobStoreTest extends BlobStoreContract {

    @Override
    BlobStore store() throws Exception {
        return new DirectoryBlobStore(directory);
    }

    @Override
    Path place(String sha256) {
        return directory.resolve("blobs").resolve(BlobStore.place(sha256));
    }

    @Test
    void removesWhatADeadServiceWasReceiving() throws Exception {
        store();
        Path left = Files.writeString(directory.resolve("uploads").resolve("x.part"), "half");
        store();
        assertThat(left).doesNotExist();
    }

    @Test
    void belongsToNobodyAsLongAsItsMarkIsEmptyAndThenToOneForGood() throws Exception {
        BlobStore store = store();
        assertThat(store.owner()).isNull();
        Files.createFile(directory.resolve("installation")); // as a service left it that was ended while it wrote
        assertThat(store.owner()).isNull();
        store.claim("an installation");
        assertThat(store().owner()).isEqualTo("an installation");
        assertThat(directory.resolve("installation.new")).doesNotExist();
    }

    @Test
    void littleContentThatIsThereIsNotWrittenAgainUnlessItSuffered() throws Exception {
        BlobStore store = store();
        byte[] content = content(3000);
        Path file = place(keep(store, content).sha256());
        Object first = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        keep(store, content);
        assertThat(Files.readAttributes(file, BasicFileAttributes.class).fileKey())
                .isEqualTo(first);

        byte[] suffered = content.clone();
        suffered[1234] ^= 1;
        Files.write(file, suffered);
        keep(store, content);
        assertThat(file).hasBinaryContent(content);
        Files.write(file, new byte[] {1});
        keep(store, content);
        assertThat(file).hasBinaryContent(content);
        Files.delete(file);
        keep(store, content);
        assertThat(file).hasBinaryContent(content);
    }
}
