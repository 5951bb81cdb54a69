package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
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
}
