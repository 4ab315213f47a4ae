/* An MPI program that exchanges what training does: broadcast, all-reduce, all-to-all, neighbours.
 *
 *     collectives FLOATS STEPS
 */
#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, size, floats = atoi(argv[1]), steps = atoi(argv[2]);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    float *mine = malloc(sizeof(float) * floats), *sum = malloc(sizeof(float) * floats);
    for (int i = 0; i < floats; i++) mine[i] = (float)rand();
    MPI_Bcast(mine, floats, MPI_FLOAT, 0, MPI_COMM_WORLD);
    for (int step = 0; step < steps; step++) {
        MPI_Allreduce(mine, sum, floats, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        MPI_Alltoall(mine, floats / size, MPI_FLOAT, sum, floats / size, MPI_FLOAT, MPI_COMM_WORLD);
        MPI_Sendrecv(mine, floats / 4, MPI_FLOAT, (rank + 1) % size, 1, sum, floats / 4, MPI_FLOAT,
                     (rank + size - 1) % size, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        usleep(200000);
    }
    MPI_Finalize();
    return 0;
}
