//! Passages to guess, plain stories written for this, which the demo can follow.

/// In no order; a seed chooses one.
pub(super) const PASSAGES: [&str; 5] = [
    "Once upon a time there was a little girl named Anna. She had a red ball and she loved to play with it in the park. \
     One day the ball rolled into the pond. Anna was very sad and began to cry. A big dog saw her. He jumped into the \
     water and brought the ball back. Anna was so happy that she gave the dog a big hug.",
    "Tom and his mom went to the beach. The sun was hot and the sand was warm. Tom wanted to build a big castle. He \
     filled his bucket with sand and water. Then a wave came and took the castle away. Tom was sad, but his mom smiled. \
     They built a new one together, and this time they made it far from the sea.",
    "There was a small bird who could not fly. Every day she sat in her nest and looked at the sky. Her friends flew \
     over the trees and sang. One morning a strong wind came and the bird fell from the nest. She was scared, but she \
     moved her wings. She did not fall. She was flying, and she was very proud.",
    "Ben had a box under his bed. In the box there was a toy car that was broken. He asked his grandpa for help. Grandpa \
     found a new wheel and some glue. They worked all day at the kitchen table. When they were done, the car was as good \
     as new. Ben said thank you, and they played with it until it was time for bed.",
    "It was a cold night and the snow was deep. A hungry cat walked down the street and looked for food. She saw a light \
     in a window and sat down at the door. An old man opened it and said hello. He gave the cat some warm milk. The cat \
     drank it all and fell asleep by the fire. From that day on they were friends.",
];
